package proteus.x86.decode;

/**
 * MMX, SSE to SSE4.2, AES, PCLMULQDQ, SHA and GFNI in their legacy encodings (SDM vol. 2, tables ); notation:
 * {@link OpcodeTable}.
 */
final class SseMap {
    static final String TABLE = """
        # SSE and SSE2 floating point
        NP 0F 10 MOVUPS Vx,Wx
        66 0F 10 MOVUPD Vx,Wx
        F3 0F 10 MOVSS Vd,Wd
        F2 0F 10 MOVSD Vq,Wq
        NP 0F 11 MOVUPS Wx,Vx
        66 0F 11 MOVUPD Wx,Vx
        F3 0F 11 MOVSS Wd,Vd
        F2 0F 11 MOVSD Wq,Vq
        NP 0F 12 MOVLPS Vq,Mq
        NP 0F 12 MOVHLPS Vq,Uq
        66 0F 12 MOVLPD Vq,Mq
        F3 0F 12 MOVSLDUP Vx,Wx
        F2 0F 12 MOVDDUP Vx,Wq
        NP 0F 13 MOVLPS Mq,Vq
        66 0F 13 MOVLPD Mq,Vq
        NP 0F 14 UNPCKLPS Vx,Wx
        66 0F 14 UNPCKLPD Vx,Wx
        NP 0F 15 UNPCKHPS Vx,Wx
        66 0F 15 UNPCKHPD Vx,Wx
        NP 0F 16 MOVHPS Vq,Mq
        NP 0F 16 MOVLHPS Vq,Uq
        66 0F 16 MOVHPD Vq,Mq
        F3 0F 16 MOVSHDUP Vx,Wx
        NP 0F 17 MOVHPS Mq,Vq
        66 0F 17 MOVHPD Mq,Vq
        NP 0F 28 MOVAPS Vx,Wx
        66 0F 28 MOVAPD Vx,Wx
        NP 0F 29 MOVAPS Wx,Vx
        66 0F 29 MOVAPD Wx,Vx
        NP 0F 2A CVTPI2PS Vq,Qq
        66 0F 2A CVTPI2PD Vx,Qq
        F3 0F 2A CVTSI2SS Vd,Ey
        F2 0F 2A CVTSI2SD Vq,Ey
        NP 0F 2B MOVNTPS Mx,Vx
        66 0F 2B MOVNTPD Mx,Vx
        F3 0F 2B MOVNTSS Md,Vd # SSE4a
        F2 0F 2B MOVNTSD Mq,Vq # SSE4a
        NP 0F 2C CVTTPS2PI Pq,Wq
        66 0F 2C CVTTPD2PI Pq,Wx
        F3 0F 2C CVTTSS2SI Gy,Wd
        F2 0F 2C CVTTSD2SI Gy,Wq
        NP 0F 2D CVTPS2PI Pq,Wq
        66 0F 2D CVTPD2PI Pq,Wx
        F3 0F 2D CVTSS2SI Gy,Wd
        F2 0F 2D CVTSD2SI Gy,Wq
        NP 0F 2E UCOMISS Vd,Wd
        66 0F 2E UCOMISD Vq,Wq
        NP 0F 2F COMISS Vd,Wd
        66 0F 2F COMISD Vq,Wq
        NP 0F 50 MOVMSKPS Gd,Ux
        66 0F 50 MOVMSKPD Gd,Ux
        NP 0F 51 SQRTPS Vx,Wx
        66 0F 51 SQRTPD Vx,Wx
        F3 0F 51 SQRTSS Vd,Wd
        F2 0F 51 SQRTSD Vq,Wq
        NP 0F 52 RSQRTPS Vx,Wx
        F3 0F 52 RSQRTSS Vd,Wd
        NP 0F 53 RCPPS Vx,Wx
        F3 0F 53 RCPSS Vd,Wd
        NP 0F 54 ANDPS Vx,Wx
        66 0F 54 ANDPD Vx,Wx
        NP 0F 55 ANDNPS Vx,Wx
        66 0F 55 ANDNPD Vx,Wx
        NP 0F 56 ORPS Vx,Wx
        66 0F 56 ORPD Vx,Wx
        NP 0F 57 XORPS Vx,Wx
        66 0F 57 XORPD Vx,Wx
        NP 0F 58 ADDPS Vx,Wx
        66 0F 58 ADDPD Vx,Wx
        F3 0F 58 ADDSS Vd,Wd
        F2 0F 58 ADDSD Vq,Wq
        NP 0F 59 MULPS Vx,Wx
        66 0F 59 MULPD Vx,Wx
        F3 0F 59 MULSS Vd,Wd
        F2 0F 59 MULSD Vq,Wq
        NP 0F 5A CVTPS2PD Vx,Wq
        66 0F 5A CVTPD2PS Vx,Wx
        F3 0F 5A CVTSS2SD Vq,Wd
        F2 0F 5A CVTSD2SS Vd,Wq
        NP 0F 5B CVTDQ2PS Vx,Wx
        66 0F 5B CVTPS2DQ Vx,Wx
        F3 0F 5B CVTTPS2DQ Vx,Wx
        NP 0F 5C SUBPS Vx,Wx
        66 0F 5C SUBPD Vx,Wx
        F3 0F 5C SUBSS Vd,Wd
        F2 0F 5C SUBSD Vq,Wq
        NP 0F 5D MINPS Vx,Wx
        66 0F 5D MINPD Vx,Wx
        F3 0F 5D MINSS Vd,Wd
        F2 0F 5D MINSD Vq,Wq
        NP 0F 5E DIVPS Vx,Wx
        66 0F 5E DIVPD Vx,Wx
        F3 0F 5E DIVSS Vd,Wd
        F2 0F 5E DIVSD Vq,Wq
        NP 0F 5F MAXPS Vx,Wx
        66 0F 5F MAXPD Vx,Wx
        F3 0F 5F MAXSS Vd,Wd
        F2 0F 5F MAXSD Vq,Wq
        NP 0F C2 CMPPS Vx,Wx,Ib
        66 0F C2 CMPPD Vx,Wx,Ib
        F3 0F C2 CMPSS Vd,Wd,Ib
        F2 0F C2 CMPSD Vq,Wq,Ib
        NP 0F C6 SHUFPS Vx,Wx,Ib
        66 0F C6 SHUFPD Vx,Wx,Ib
        66 0F 7C HADDPD Vx,Wx
        F2 0F 7C HADDPS Vx,Wx
        66 0F 7D HSUBPD Vx,Wx
        F2 0F 7D HSUBPS Vx,Wx
        66 0F D0 ADDSUBPD Vx,Wx
        F2 0F D0 ADDSUBPS Vx,Wx
        66 0F E6 CVTTPD2DQ Vx,Wx
        F3 0F E6 CVTDQ2PD Vx,Wq
        F2 0F E6 CVTPD2DQ Vx,Wx
        F2 0F F0 LDDQU Vx,Mx
        # MMX and SSE2 integer: plain is MMX, 66 is XMM
        NP 0F 60 PUNPCKLBW Pq,Qd
        66 0F 60 PUNPCKLBW Vx,Wx
        NP 0F 61 PUNPCKLWD Pq,Qd
        66 0F 61 PUNPCKLWD Vx,Wx
        NP 0F 62 PUNPCKLDQ Pq,Qd
        66 0F 62 PUNPCKLDQ Vx,Wx
        NP 0F 63 PACKSSWB Pq,Qq
        66 0F 63 PACKSSWB Vx,Wx
        NP 0F 64 PCMPGTB Pq,Qq
        66 0F 64 PCMPGTB Vx,Wx
        NP 0F 65 PCMPGTW Pq,Qq
        66 0F 65 PCMPGTW Vx,Wx
        NP 0F 66 PCMPGTD Pq,Qq
        66 0F 66 PCMPGTD Vx,Wx
        NP 0F 67 PACKUSWB Pq,Qq
        66 0F 67 PACKUSWB Vx,Wx
        NP 0F 68 PUNPCKHBW Pq,Qq
        66 0F 68 PUNPCKHBW Vx,Wx
        NP 0F 69 PUNPCKHWD Pq,Qq
        66 0F 69 PUNPCKHWD Vx,Wx
        NP 0F 6A PUNPCKHDQ Pq,Qq
        66 0F 6A PUNPCKHDQ Vx,Wx
        NP 0F 6B PACKSSDW Pq,Qq
        66 0F 6B PACKSSDW Vx,Wx
        66 0F 6C PUNPCKLQDQ Vx,Wx
        66 0F 6D PUNPCKHQDQ Vx,Wx
        NP 0F 6E MOVD Pd,Ed
        REX.W NP 0F 6E MOVQ Pq,Eq
        66 0F 6E MOVD Vd,Ed
        REX.W 66 0F 6E MOVQ Vq,Eq
        NP 0F 6F MOVQ Pq,Qq
        66 0F 6F MOVDQA Vx,Wx
        F3 0F 6F MOVDQU Vx,Wx
        NP 0F 70 PSHUFW Pq,Qq,Ib
        66 0F 70 PSHUFD Vx,Wx,Ib
        F3 0F 70 PSHUFHW Vx,Wx,Ib
        F2 0F 70 PSHUFLW Vx,Wx,Ib
        NP 0F 71/2 PSRLW Nq,Ib
        66 0F 71/2 PSRLW Ux,Ib
        NP 0F 71/4 PSRAW Nq,Ib
        66 0F 71/4 PSRAW Ux,Ib
        NP 0F 71/6 PSLLW Nq,Ib
        66 0F 71/6 PSLLW Ux,Ib
        NP 0F 72/2 PSRLD Nq,Ib
        66 0F 72/2 PSRLD Ux,Ib
        NP 0F 72/4 PSRAD Nq,Ib
        66 0F 72/4 PSRAD Ux,Ib
        NP 0F 72/6 PSLLD Nq,Ib
        66 0F 72/6 PSLLD Ux,Ib
        NP 0F 73/2 PSRLQ Nq,Ib
        66 0F 73/2 PSRLQ Ux,Ib
        NP 0F 73/6 PSLLQ Nq,Ib
        66 0F 73/6 PSLLQ Ux,Ib
        66 0F 73/3 PSRLDQ Ux,Ib
        66 0F 73/7 PSLLDQ Ux,Ib
        NP 0F 74 PCMPEQB Pq,Qq
        66 0F 74 PCMPEQB Vx,Wx
        NP 0F 75 PCMPEQW Pq,Qq
        66 0F 75 PCMPEQW Vx,Wx
        NP 0F 76 PCMPEQD Pq,Qq
        66 0F 76 PCMPEQD Vx,Wx
        NP 0F 77 EMMS
        NP 0F 7E MOVD Ed,Pd
        REX.W NP 0F 7E MOVQ Eq,Pq
        66 0F 7E MOVD Ed,Vd
        REX.W 66 0F 7E MOVQ Eq,Vq
        F3 0F 7E MOVQ Vq,Wq
        NP 0F 7F MOVQ Qq,Pq
        66 0F 7F MOVDQA Wx,Vx
        F3 0F 7F MOVDQU Wx,Vx
        NP 0F C4 PINSRW Pq,Rd/Mw,Ib
        66 0F C4 PINSRW Vx,Rd/Mw,Ib
        NP 0F C5 PEXTRW Gd,Nq,Ib
        66 0F C5 PEXTRW Gd,Ux,Ib
        NP 0F D1 PSRLW Pq,Qq
        66 0F D1 PSRLW Vx,Wx
        NP 0F D2 PSRLD Pq,Qq
        66 0F D2 PSRLD Vx,Wx
        NP 0F D3 PSRLQ Pq,Qq
        66 0F D3 PSRLQ Vx,Wx
        NP 0F D4 PADDQ Pq,Qq
        66 0F D4 PADDQ Vx,Wx
        NP 0F D5 PMULLW Pq,Qq
        66 0F D5 PMULLW Vx,Wx
        66 0F D6 MOVQ Wq,Vq
        F3 0F D6 MOVQ2DQ Vq,Nq
        F2 0F D6 MOVDQ2Q Pq,Uq
        NP 0F D7 PMOVMSKB Gd,Nq
        66 0F D7 PMOVMSKB Gd,Ux
        NP 0F D8 PSUBUSB Pq,Qq
        66 0F D8 PSUBUSB Vx,Wx
        NP 0F D9 PSUBUSW Pq,Qq
        66 0F D9 PSUBUSW Vx,Wx
        NP 0F DA PMINUB Pq,Qq
        66 0F DA PMINUB Vx,Wx
        NP 0F DB PAND Pq,Qq
        66 0F DB PAND Vx,Wx
        NP 0F DC PADDUSB Pq,Qq
        66 0F DC PADDUSB Vx,Wx
        NP 0F DD PADDUSW Pq,Qq
        66 0F DD PADDUSW Vx,Wx
        NP 0F DE PMAXUB Pq,Qq
        66 0F DE PMAXUB Vx,Wx
        NP 0F DF PANDN Pq,Qq
        66 0F DF PANDN Vx,Wx
        NP 0F E0 PAVGB Pq,Qq
        66 0F E0 PAVGB Vx,Wx
        NP 0F E1 PSRAW Pq,Qq
        66 0F E1 PSRAW Vx,Wx
        NP 0F E2 PSRAD Pq,Qq
        66 0F E2 PSRAD Vx,Wx
        NP 0F E3 PAVGW Pq,Qq
        66 0F E3 PAVGW Vx,Wx
        NP 0F E4 PMULHUW Pq,Qq
        66 0F E4 PMULHUW Vx,Wx
        NP 0F E5 PMULHW Pq,Qq
        66 0F E5 PMULHW Vx,Wx
        NP 0F E7 MOVNTQ Mq,Pq
        66 0F E7 MOVNTDQ Mx,Vx
        NP 0F E8 PSUBSB Pq,Qq
        66 0F E8 PSUBSB Vx,Wx
        NP 0F E9 PSUBSW Pq,Qq
        66 0F E9 PSUBSW Vx,Wx
        NP 0F EA PMINSW Pq,Qq
        66 0F EA PMINSW Vx,Wx
        NP 0F EB POR Pq,Qq
        66 0F EB POR Vx,Wx
        NP 0F EC PADDSB Pq,Qq
        66 0F EC PADDSB Vx,Wx
        NP 0F ED PADDSW Pq,Qq
        66 0F ED PADDSW Vx,Wx
        NP 0F EE PMAXSW Pq,Qq
        66 0F EE PMAXSW Vx,Wx
        NP 0F EF PXOR Pq,Qq
        66 0F EF PXOR Vx,Wx
        NP 0F F1 PSLLW Pq,Qq
        66 0F F1 PSLLW Vx,Wx
        NP 0F F2 PSLLD Pq,Qq
        66 0F F2 PSLLD Vx,Wx
        NP 0F F3 PSLLQ Pq,Qq
        66 0F F3 PSLLQ Vx,Wx
        NP 0F F4 PMULUDQ Pq,Qq
        66 0F F4 PMULUDQ Vx,Wx
        NP 0F F5 PMADDWD Pq,Qq
        66 0F F5 PMADDWD Vx,Wx
        NP 0F F6 PSADBW Pq,Qq
        66 0F F6 PSADBW Vx,Wx
        NP 0F F7 MASKMOVQ Pq,Nq
        66 0F F7 MASKMOVDQU Vx,Ux
        NP 0F F8 PSUBB Pq,Qq
        66 0F F8 PSUBB Vx,Wx
        NP 0F F9 PSUBW Pq,Qq
        66 0F F9 PSUBW Vx,Wx
        NP 0F FA PSUBD Pq,Qq
        66 0F FA PSUBD Vx,Wx
        NP 0F FB PSUBQ Pq,Qq
        66 0F FB PSUBQ Vx,Wx
        NP 0F FC PADDB Pq,Qq
        66 0F FC PADDB Vx,Wx
        NP 0F FD PADDW Pq,Qq
        66 0F FD PADDW Vx,Wx
        NP 0F FE PADDD Pq,Qq
        66 0F FE PADDD Vx,Wx
        # SSSE3
        NP 0F 38 00 PSHUFB Pq,Qq
        66 0F 38 00 PSHUFB Vx,Wx
        NP 0F 38 01 PHADDW Pq,Qq
        66 0F 38 01 PHADDW Vx,Wx
        NP 0F 38 02 PHADDD Pq,Qq
        66 0F 38 02 PHADDD Vx,Wx
        NP 0F 38 03 PHADDSW Pq,Qq
        66 0F 38 03 PHADDSW Vx,Wx
        NP 0F 38 04 PMADDUBSW Pq,Qq
        66 0F 38 04 PMADDUBSW Vx,Wx
        NP 0F 38 05 PHSUBW Pq,Qq
        66 0F 38 05 PHSUBW Vx,Wx
        NP 0F 38 06 PHSUBD Pq,Qq
        66 0F 38 06 PHSUBD Vx,Wx
        NP 0F 38 07 PHSUBSW Pq,Qq
        66 0F 38 07 PHSUBSW Vx,Wx
        NP 0F 38 08 PSIGNB Pq,Qq
        66 0F 38 08 PSIGNB Vx,Wx
        NP 0F 38 09 PSIGNW Pq,Qq
        66 0F 38 09 PSIGNW Vx,Wx
        NP 0F 38 0A PSIGND Pq,Qq
        66 0F 38 0A PSIGND Vx,Wx
        NP 0F 38 0B PMULHRSW Pq,Qq
        66 0F 38 0B PMULHRSW Vx,Wx
        NP 0F 38 1C PABSB Pq,Qq
        66 0F 38 1C PABSB Vx,Wx
        NP 0F 38 1D PABSW Pq,Qq
        66 0F 38 1D PABSW Vx,Wx
        NP 0F 38 1E PABSD Pq,Qq
        66 0F 38 1E PABSD Vx,Wx
        NP 0F 3A 0F PALIGNR Pq,Qq,Ib
        66 0F 3A 0F PALIGNR Vx,Wx,Ib
        # SSE4.1, SSE4.2
        66 0F 38 10 PBLENDVB Vx,Wx,XMM0
        66 0F 38 14 BLENDVPS Vx,Wx,XMM0
        66 0F 38 15 BLENDVPD Vx,Wx,XMM0
        66 0F 38 17 PTEST Vx,Wx
        66 0F 38 20 PMOVSXBW Vx,Wq
        66 0F 38 21 PMOVSXBD Vx,Wd
        66 0F 38 22 PMOVSXBQ Vx,Ww
        66 0F 38 23 PMOVSXWD Vx,Wq
        66 0F 38 24 PMOVSXWQ Vx,Wd
        66 0F 38 25 PMOVSXDQ Vx,Wq
        66 0F 38 30 PMOVZXBW Vx,Wq
        66 0F 38 31 PMOVZXBD Vx,Wd
        66 0F 38 32 PMOVZXBQ Vx,Ww
        66 0F 38 33 PMOVZXWD Vx,Wq
        66 0F 38 34 PMOVZXWQ Vx,Wd
        66 0F 38 35 PMOVZXDQ Vx,Wq
        66 0F 38 28 PMULDQ Vx,Wx
        66 0F 38 29 PCMPEQQ Vx,Wx
        66 0F 38 2A MOVNTDQA Vx,Mx
        66 0F 38 2B PACKUSDW Vx,Wx
        66 0F 38 37 PCMPGTQ Vx,Wx
        66 0F 38 38 PMINSB Vx,Wx
        66 0F 38 39 PMINSD Vx,Wx
        66 0F 38 3A PMINUW Vx,Wx
        66 0F 38 3B PMINUD Vx,Wx
        66 0F 38 3C PMAXSB Vx,Wx
        66 0F 38 3D PMAXSD Vx,Wx
        66 0F 38 3E PMAXUW Vx,Wx
        66 0F 38 3F PMAXUD Vx,Wx
        66 0F 38 40 PMULLD Vx,Wx
        66 0F 38 41 PHMINPOSUW Vx,Wx
        66 0F 3A 08 ROUNDPS Vx,Wx,Ib
        66 0F 3A 09 ROUNDPD Vx,Wx,Ib
        66 0F 3A 0A ROUNDSS Vd,Wd,Ib
        66 0F 3A 0B ROUNDSD Vq,Wq,Ib
        66 0F 3A 0C BLENDPS Vx,Wx,Ib
        66 0F 3A 0D BLENDPD Vx,Wx,Ib
        66 0F 3A 0E PBLENDW Vx,Wx,Ib
        66 0F 3A 14 PEXTRB Rd/Mb,Vx,Ib
        66 0F 3A 15 PEXTRW Rd/Mw,Vx,Ib
        66 0F 3A 16 PEXTRD Ed,Vx,Ib
        REX.W 66 0F 3A 16 PEXTRQ Eq,Vx,Ib
        66 0F 3A 17 EXTRACTPS Ed,Vx,Ib
        66 0F 3A 20 PINSRB Vx,Rd/Mb,Ib
        66 0F 3A 21 INSERTPS Vx,Wd,Ib
        66 0F 3A 22 PINSRD Vx,Ed,Ib
        REX.W 66 0F 3A 22 PINSRQ Vx,Eq,Ib
        66 0F 3A 40 DPPS Vx,Wx,Ib
        66 0F 3A 41 DPPD Vx,Wx,Ib
        66 0F 3A 42 MPSADBW Vx,Wx,Ib
        66 0F 3A 60 PCMPESTRM Vx,Wx,Ib
        66 0F 3A 61 PCMPESTRI Vx,Wx,Ib
        66 0F 3A 62 PCMPISTRM Vx,Wx,Ib
        66 0F 3A 63 PCMPISTRI Vx,Wx,Ib
        # AES, PCLMULQDQ, SHA, GFNI
        66 0F 38 DB AESIMC Vx,Wx
        66 0F 38 DC AESENC Vx,Wx
        66 0F 38 DD AESENCLAST Vx,Wx
        66 0F 38 DE AESDEC Vx,Wx
        66 0F 38 DF AESDECLAST Vx,Wx
        66 0F 3A DF AESKEYGENASSIST Vx,Wx,Ib
        66 0F 3A 44 PCLMULQDQ Vx,Wx,Ib
        NP 0F 38 C8 SHA1NEXTE Vx,Wx
        NP 0F 38 C9 SHA1MSG1 Vx,Wx
        NP 0F 38 CA SHA1MSG2 Vx,Wx
        NP 0F 38 CB SHA256RNDS2 Vx,Wx,XMM0
        NP 0F 38 CC SHA256MSG1 Vx,Wx
        NP 0F 38 CD SHA256MSG2 Vx,Wx
        NP 0F 3A CC SHA1RNDS4 Vx,Wx,Ib
        66 0F 38 CF GF2P8MULB Vx,Wx
        66 0F 3A CE GF2P8AFFINEQB Vx,Wx,Ib
        66 0F 3A CF GF2P8AFFINEINVQB Vx,Wx,Ib
        """;

    private SseMap() {
    }
}
