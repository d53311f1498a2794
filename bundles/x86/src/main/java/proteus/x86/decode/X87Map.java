package proteus.x86.decode;

/**
 * The x87 escapes D8-DF (SDM vol. 2, A.5); notation: {@link OpcodeTable}. The aliases the manual leaves blank are what every
 * Intel and AMD processor since the 387 does with these encodings.
 */
final class X87Map {
    static final String TABLE = """
        D8/0/m FADD Md
        D8/1/m FMUL Md
        D8/2/m FCOM Md
        D8/3/m FCOMP Md
        D8/4/m FSUB Md
        D8/5/m FSUBR Md
        D8/6/m FDIV Md
        D8/7/m FDIVR Md
        D8/0/r FADD ST0,STi
        D8/1/r FMUL ST0,STi
        D8/2/r FCOM STi
        D8/3/r FCOMP STi
        D8/4/r FSUB ST0,STi
        D8/5/r FSUBR ST0,STi
        D8/6/r FDIV ST0,STi
        D8/7/r FDIVR ST0,STi
        D9/0/m FLD Md
        D9/2/m FST Md
        D9/3/m FSTP Md
        D9/4/m FLDENV M
        D9/5/m FLDCW Mw
        D9/6/m FNSTENV M
        D9/7/m FNSTCW Mw
        D9/0/r FLD STi
        D9/1/r FXCH STi
        D9/2.0 FNOP
        D9/3/r FSTP STi # undocumented alias
        D9/4.0 FCHS
        D9/4.1 FABS
        D9/4.4 FTST
        D9/4.5 FXAM
        D9/5.0 FLD1
        D9/5.1 FLDL2T
        D9/5.2 FLDL2E
        D9/5.3 FLDPI
        D9/5.4 FLDLG2
        D9/5.5 FLDLN2
        D9/5.6 FLDZ
        D9/6.0 F2XM1
        D9/6.1 FYL2X
        D9/6.2 FPTAN
        D9/6.3 FPATAN
        D9/6.4 FXTRACT
        D9/6.5 FPREM1
        D9/6.6 FDECSTP
        D9/6.7 FINCSTP
        D9/7.0 FPREM
        D9/7.1 FYL2XP1
        D9/7.2 FSQRT
        D9/7.3 FSINCOS
        D9/7.4 FRNDINT
        D9/7.5 FSCALE
        D9/7.6 FSIN
        D9/7.7 FCOS
        DA/0/m FIADD Md
        DA/1/m FIMUL Md
        DA/2/m FICOM Md
        DA/3/m FICOMP Md
        DA/4/m FISUB Md
        DA/5/m FISUBR Md
        DA/6/m FIDIV Md
        DA/7/m FIDIVR Md
        DA/0/r FCMOVB ST0,STi
        DA/1/r FCMOVE ST0,STi
        DA/2/r FCMOVBE ST0,STi
        DA/3/r FCMOVU ST0,STi
        DA/5.1 FUCOMPP
        DB/0/m FILD Md
        DB/1/m FISTTP Md
        DB/2/m FIST Md
        DB/3/m FISTP Md
        DB/5/m FLD Mt
        DB/7/m FSTP Mt
        DB/0/r FCMOVNB ST0,STi
        DB/1/r FCMOVNE ST0,STi
        DB/2/r FCMOVNBE ST0,STi
        DB/3/r FCMOVNU ST0,STi
        DB/4.0 FNENI # 8087
        DB/4.1 FNDISI # 8087
        DB/4.2 FNCLEX
        DB/4.3 FNINIT
        DB/4.4 FNSETPM # 80287
        DB/4.5 FRSTPM # 80287
        DB/5/r FUCOMI ST0,STi
        DB/6/r FCOMI ST0,STi
        DC/0/m FADD Mq
        DC/1/m FMUL Mq
        DC/2/m FCOM Mq
        DC/3/m FCOMP Mq
        DC/4/m FSUB Mq
        DC/5/m FSUBR Mq
        DC/6/m FDIV Mq
        DC/7/m FDIVR Mq
        DC/0/r FADD STi,ST0
        DC/1/r FMUL STi,ST0
        DC/2/r FCOM STi # undocumented alias
        DC/3/r FCOMP STi # undocumented alias
        DC/4/r FSUBR STi,ST0
        DC/5/r FSUB STi,ST0
        DC/6/r FDIVR STi,ST0
        DC/7/r FDIV STi,ST0
        DD/0/m FLD Mq
        DD/1/m FISTTP Mq
        DD/2/m FST Mq
        DD/3/m FSTP Mq
        DD/4/m FRSTOR M
        DD/6/m FNSAVE M
        DD/7/m FNSTSW Mw
        DD/0/r FFREE STi
        DD/1/r FXCH STi # undocumented alias
        DD/2/r FST STi
        DD/3/r FSTP STi
        DD/4/r FUCOM STi
        DD/5/r FUCOMP STi
        DE/0/m FIADD Mw
        DE/1/m FIMUL Mw
        DE/2/m FICOM Mw
        DE/3/m FICOMP Mw
        DE/4/m FISUB Mw
        DE/5/m FISUBR Mw
        DE/6/m FIDIV Mw
        DE/7/m FIDIVR Mw
        DE/0/r FADDP STi,ST0
        DE/1/r FMULP STi,ST0
        DE/2/r FCOMP STi # undocumented alias
        DE/3.1 FCOMPP
        DE/4/r FSUBRP STi,ST0
        DE/5/r FSUBP STi,ST0
        DE/6/r FDIVRP STi,ST0
        DE/7/r FDIVP STi,ST0
        DF/0/m FILD Mw
        DF/1/m FISTTP Mw
        DF/2/m FIST Mw
        DF/3/m FISTP Mw
        DF/4/m FBLD Mt
        DF/5/m FILD Mq
        DF/6/m FBSTP Mt
        DF/7/m FISTP Mq
        DF/0/r FFREEP STi # undocumented
        DF/1/r FXCH STi # undocumented alias
        DF/2/r FSTP STi # undocumented alias
        DF/3/r FSTP STi # undocumented alias
        DF/4.0 FNSTSW AX
        DF/5/r FUCOMIP ST0,STi
        DF/6/r FCOMIP ST0,STi
        """;

    private X87Map() {
    }
}
