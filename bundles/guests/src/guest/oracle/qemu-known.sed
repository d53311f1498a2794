# Rows of the goldens that QEMU 7.2's TCG answers differently: it does not check segment limits and types on data
# accesses (SDM 3A 5.3, 5.5: #GP(0)). Turn the manual's answer into QEMU's.
/^  \(read through null FS\|read byte 16 of 15\|read 4 bytes at 13 of 15\|expand-down, below\|write read-only data\|write through CS\) /s/#GP(0000)/ok       /g
s/ *$//
