package proteus.io.emul.net;

/** Offsets of the 82540EM's registers and their bits (GbE SDM 13). */
final class E1000Registers {
    static final int CTRL = 0x0, STATUS = 0x8, EECD = 0x10, EERD = 0x14, CTRL_EXT = 0x18, MDIC = 0x20, VET = 0x38;
    static final int ICR = 0xc0, ITR = 0xc4, ICS = 0xc8, IMS = 0xd0, IMC = 0xd8;
    static final int RCTL = 0x100, TCTL = 0x400, PBA = 0x1000;
    static final int RDBAL = 0x2800, RDBAH = 0x2804, RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818, RDTR = 0x2820, RADV = 0x282c;
    static final int TDBAL = 0x3800, TDBAH = 0x3804, TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818, TIDV = 0x3820, TADV = 0x382c;
    static final int STATISTICS = 0x4000, STATISTICS_END = 0x4128;
    static final int MPC = 0x4010, GPRC = 0x4074, BPRC = 0x4078, MPRC = 0x407c, GPTC = 0x4080, GORC = 0x4088, GOTC = 0x4090, TOR = 0x40c0, TOT = 0x40c8, TPR = 0x40d0,
            TPT = 0x40d4, MPTC = 0x40f0, BPTC = 0x40f4, TSCTC = 0x40f8;
    static final int RXCSUM = 0x5000, MTA = 0x5200, MTA_END = 0x5400, RA = 0x5400, RA_END = 0x5480, VFTA = 0x5600, VFTA_END = 0x5800;
    static final int END = 0x6000;

    static final int CTRL_RESET = 1 << 26, CTRL_VLAN = 1 << 30, CTRL_PHY_RESET = 1 << 31;
    /** Full duplex, link up, 1000 Mb/s. */
    static final int STATUS_UP = 0x83;

    static final int TXDW = 1, TXQE = 2, LSC = 4, RXDMT0 = 0x10, RXO = 0x40, RXT0 = 0x80;

    static final int RCTL_EN = 2, RCTL_UPE = 8, RCTL_MPE = 0x10, RCTL_LPE = 0x20, RCTL_BAM = 0x8000, RCTL_VFE = 1 << 18, RCTL_BSEX = 1 << 25, RCTL_SECRC = 1 << 26;
    static final int TCTL_EN = 2;
    static final int RXCSUM_IP = 0x100, RXCSUM_TRANSPORT = 0x200;
    static final int RAH_VALID = 1 << 31;

    private E1000Registers() {}
}
