package proteus.x86.decode;

/** Integer and system instructions of the maps 0F, 0F38 and 0F3A (SDM vol. 2, tables ); notation: {@link OpcodeTable}. */
final class TwoByteMap {
    static final String TABLE = """
        0F 00/0 SLDT Rv/Mw
        0F 00/1 STR Rv/Mw
        0F 00/2 LLDT Ew
        0F 00/3 LTR Ew
        0F 00/4 VERR Ew
        0F 00/5 VERW Ew
        0F 01/0/m SGDT Ms
        NP 0F 01/0.0 ENCLV
        0F 01/0.1 VMCALL
        NP 0F 01/0.2 VMLAUNCH
        NP 0F 01/0.3 VMRESUME
        NP 0F 01/0.4 VMXOFF
        NP 0F 01/0.5 PCONFIG
        NP 0F 01/0.6 WRMSRNS
        F2 0F 01/0.6 RDMSRLIST o64
        F3 0F 01/0.6 WRMSRLIST o64
        0F 01/1/m SIDT Ms
        NP 0F 01/1.0 MONITOR
        NP 0F 01/1.1 MWAIT
        NP 0F 01/1.2 CLAC
        NP 0F 01/1.3 STAC
        66 0F 01/1.4 TDCALL
        66 0F 01/1.5 SEAMRET
        66 0F 01/1.6 SEAMOPS
        66 0F 01/1.7 SEAMCALL
        NP 0F 01/1.7 ENCLS
        0F 01/2/m LGDT Ms
        NP 0F 01/2.0 XGETBV
        NP 0F 01/2.1 XSETBV
        NP 0F 01/2.4 VMFUNC
        NP 0F 01/2.5 XEND
        NP 0F 01/2.6 XTEST
        NP 0F 01/2.7 ENCLU
        0F 01/3/m LIDT Ms
        0F 01/3.0 VMRUN
        NP 0F 01/3.1 VMMCALL
        F2 0F 01/3.1 VMGEXIT
        F3 0F 01/3.1 VMGEXIT
        0F 01/3.2 VMLOAD
        0F 01/3.3 VMSAVE
        0F 01/3.4 STGI
        0F 01/3.5 CLGI
        0F 01/3.6 SKINIT
        0F 01/3.7 INVLPGA
        0F 01/4 SMSW Rv/Mw
        F3 0F 01/5/m RSTORSSP Mq
        F3 0F 01/5.0 SETSSBSY
        F3 0F 01/5.2 SAVEPREVSSP
        NP 0F 01/5.0 SERIALIZE
        F2 0F 01/5.0 XSUSLDTRK
        F2 0F 01/5.1 XRESLDTRK
        F3 0F 01/5.4 UIRET o64
        F3 0F 01/5.5 TESTUI o64
        F3 0F 01/5.6 CLUI o64
        F3 0F 01/5.7 STUI o64
        NP 0F 01/5.6 RDPKRU
        NP 0F 01/5.7 WRPKRU
        0F 01/6 LMSW Ew
        0F 01/7/m INVLPG Mb
        0F 01/7.0 SWAPGS o64
        0F 01/7.1 RDTSCP
        NP 0F 01/7.2 MONITORX
        F3 0F 01/7.2 MCOMMIT
        NP 0F 01/7.3 MWAITX
        NP 0F 01/7.4 CLZERO
        NP 0F 01/7.5 RDPRU
        NP 0F 01/7.6 INVLPGB
        F3 0F 01/7.6 RMPADJUST o64
        F2 0F 01/7.6 RMPUPDATE o64
        NP 0F 01/7.7 TLBSYNC
        F3 0F 01/7.7 PSMASH o64
        F2 0F 01/7.7 PVALIDATE
        0F 02 LAR Gv,Rv/Mw
        0F 03 LSL Gv,Rv/Mw
        0F 05 SYSCALL o64
        0F 05 SYSCALL i64 # AMD only outside 64-bit mode
        0F 06 CLTS
        0F 07 SYSRET
        0F 08 INVD
        0F 09 WBINVD
        F3 0F 09 WBNOINVD
        0F 0B UD2
        0F 0D/0/m PREFETCH Mb
        0F 0D/1/m PREFETCHW Mb
        0F 0D/2/m PREFETCHWT1 Mb
        0F 18-1F NOP Ev
        0F 18/0/m PREFETCHNTA Mb
        0F 18/1/m PREFETCHT0 Mb
        0F 18/2/m PREFETCHT1 Mb
        0F 18/3/m PREFETCHT2 Mb
        0F 18/6/m PREFETCHIT1 Mb o64
        0F 18/7/m PREFETCHIT0 Mb o64
        0F 0D NOP Ev
        NP 0F 1C/0/m CLDEMOTE Mb
        F3 0F 1E/1/r RDSSP Ry
        F3 0F 1E/7.2 ENDBR64
        F3 0F 1E/7.3 ENDBR32
        0F 20 MOV_CR Rr,Cr anymod
        0F 21 MOV_DR Rr,Dr anymod
        0F 22 MOV_CR Cr,Rr anymod
        0F 23 MOV_DR Dr,Rr anymod
        0F 30 WRMSR
        0F 31 RDTSC
        0F 32 RDMSR
        0F 33 RDPMC
        0F 34 SYSENTER
        0F 35 SYSEXIT
        NP 0F 37 GETSEC
        0F 40-4F CMOVCC Gv,Ev
        NP 0F 78 VMREAD Er,Gr
        66 0F 78/0/r EXTRQ Udq,Ib,Ib # SSE4a
        F2 0F 78 INSERTQ Vdq,Udq,Ib,Ib # SSE4a
        NP 0F 79 VMWRITE Gr,Er
        66 0F 79 EXTRQ Vdq,Udq # SSE4a
        F2 0F 79 INSERTQ Vdq,Udq # SSE4a
        0F 80-8F JCC Jz f64
        0F 90-9F SETCC Eb
        0F A0 PUSH FS d64
        0F A1 POP FS d64
        0F A2 CPUID
        0F A3 BT Ev,Gv
        0F A4 SHLD Ev,Gv,Ib
        0F A5 SHLD Ev,Gv,CL
        F3 0F A6/0.0 MONTMUL # VIA PadLock, as are the lines to XCRYPTOFB
        F3 0F A6/1.0 XSHA1
        F3 0F A6/2.0 XSHA256
        0F A7/0.0 XSTORE
        F3 0F A7/1.0 XCRYPTECB
        F3 0F A7/2.0 XCRYPTCBC
        F3 0F A7/3.0 XCRYPTCTR
        F3 0F A7/4.0 XCRYPTCFB
        F3 0F A7/5.0 XCRYPTOFB
        0F A8 PUSH GS d64
        0F A9 POP GS d64
        0F AA RSM
        0F AB BTS Ev,Gv LOCK
        0F AC SHRD Ev,Gv,Ib
        0F AD SHRD Ev,Gv,CL
        NP 0F AE/0/m FXSAVE M
        NP 0F AE/1/m FXRSTOR M
        NP 0F AE/2/m LDMXCSR Md
        NP 0F AE/3/m STMXCSR Md
        NP 0F AE/4/m XSAVE M
        NP 0F AE/5/m XRSTOR M
        NP 0F AE/6/m XSAVEOPT M
        NP 0F AE/7/m CLFLUSH Mb
        66 0F AE/6/m CLWB Mb
        66 0F AE/7/m CLFLUSHOPT Mb
        F3 0F AE/4 PTWRITE Ey
        F3 0F AE/6/m CLRSSBSY Mq
        NP 0F AE/5/r LFENCE
        NP 0F AE/6/r MFENCE
        NP 0F AE/7/r SFENCE
        F3 0F AE/0/r RDFSBASE Ry o64
        F3 0F AE/1/r RDGSBASE Ry o64
        F3 0F AE/2/r WRFSBASE Ry o64
        F3 0F AE/3/r WRGSBASE Ry o64
        F3 0F AE/5/r INCSSP Ry
        66 0F AE/6/r TPAUSE Rd
        F2 0F AE/6/r UMWAIT Rd
        F3 0F AE/6/r UMONITOR Rj
        0F AF IMUL Gv,Ev
        0F B0 CMPXCHG Eb,Gb LOCK
        0F B1 CMPXCHG Ev,Gv LOCK
        0F B2 LSS Gv,Mp
        0F B3 BTR Ev,Gv LOCK
        0F B4 LFS Gv,Mp
        0F B5 LGS Gv,Mp
        0F B6 MOVZX Gv,Eb
        0F B7 MOVZX Gv,Ew
        F3 0F B8 POPCNT Gv,Ev
        0F B9 UD1 Gv,Ev
        0F BA/4 BT Ev,Ib
        0F BA/5 BTS Ev,Ib LOCK
        0F BA/6 BTR Ev,Ib LOCK
        0F BA/7 BTC Ev,Ib LOCK
        0F BB BTC Ev,Gv LOCK
        0F BC BSF Gv,Ev
        F3 0F BC TZCNT Gv,Ev
        0F BD BSR Gv,Ev
        F3 0F BD LZCNT Gv,Ev
        0F BE MOVSX Gv,Eb
        0F BF MOVSX Gv,Ew
        0F C0 XADD Eb,Gb LOCK
        0F C1 XADD Ev,Gv LOCK
        NP 0F C3 MOVNTI My,Gy
        0F C7/1/m CMPXCHG8B Mq LOCK
        REX.W 0F C7/1/m CMPXCHG16B Mdq LOCK
        NP 0F C7/3/m XRSTORS M
        NP 0F C7/4/m XSAVEC M
        NP 0F C7/5/m XSAVES M
        NP 0F C7/6/m VMPTRLD Mq
        66 0F C7/6/m VMCLEAR Mq
        F3 0F C7/6/m VMXON Mq
        NP 0F C7/7/m VMPTRST Mq
        NFx 0F C7/6/r RDRAND Rv
        NFx 0F C7/7/r RDSEED Rv
        F3 0F C7/6/r SENDUIPI Rq o64
        F3 0F C7/7/r RDPID Rr
        0F C8-CF BSWAP Zv
        0F FF UD0 Gv,Ev
        NFx 0F 38 F0 MOVBE Gv,Mv
        NFx 0F 38 F1 MOVBE Mv,Gv
        F2 0F 38 F0 CRC32 Gy,Eb
        F2 0F 38 F1 CRC32 Gy,Ev
        66 0F 38 80 INVEPT Gr,Mdq
        66 0F 38 81 INVVPID Gr,Mdq
        66 0F 38 82 INVPCID Gr,Mdq
        66 0F 38 F5 WRUSS My,Gy
        NP 0F 38 F6 WRSS My,Gy
        66 0F 38 F6 ADCX Gy,Ey
        F3 0F 38 F6 ADOX Gy,Ey
        66 0F 38 F8 MOVDIR64B Gj,Moq
        F2 0F 38 F8 ENQCMD Gj,Moq
        F3 0F 38 F8 ENQCMDS Gj,Moq
        NP 0F 38 F9 MOVDIRI My,Gy
        F3 0F 3A F0/0.0 HRESET Ib
        """;

    private TwoByteMap() {
    }
}
