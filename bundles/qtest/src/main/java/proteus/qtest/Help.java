package proteus.qtest;

/** What {@code ./proteus qtest -help} says. */
final class Help {
    static final String TEXT = """
            ./proteus qtest serves a PC without processor by QEMU's qtest protocol, under QEMU's own options (docs/qtest.md):

              -qtest unix:PATH             connects to the socket of the test, which speaks the qtest protocol
              -qtest-log FILE              what was said there
              -chardev socket,path=PATH,id=ID
              -mon chardev=ID,mode=control the control socket: QMP
              -machine pc|none             -M is the same; none has no devices
              -m SIZE                      memory, 128M if nothing is said
              -nodefaults                  no serial port, no display, no CD-ROM drive
              -device TYPE[,addr=SLOT][,id=ID][,PROPERTY=VALUE...]
              -drive file=FILE,if=ide|none[,id=ID][,format=raw][,index=N][,media=cdrom]; -hda to -hdd FILE, -cdrom FILE
              -global TYPE.PROPERTY=VALUE  for the devices of a type that are not given the property
              -blockdev driver=null-co|file|raw,node-name=ID[,...]
              -serial chardev:ID|null|none, -vga std|none, -bios FILE, -uuid UUID
              -boot order=DRIVES,once=DRIVES,reboot-timeout=MS,splash-time=MS, -no-fd-bootchk
              -S, -preconfig               wait for cont, or for x-exit-preconfig

            Options that mean nothing to a machine without processor, screen and sound are accepted: -accel, -cpu, -display, -audio,
            -no-shutdown and the like. For everything else there is a sentence and the status 1. SIGTERM is the usual end: status 0.
            """;

    private Help() {}
}
