package proteus.shell.bench;

import java.util.List;
import java.util.Map;

/** A contender that runs the loops which need an operating system under a stock Linux guest, all in one boot of it. */
interface LinuxContender extends Contender {
    /**
     * @param loops of one width
     * @param scale so many times their usual iterations
     * @throws proteus.api.vm.VmException when the guest does not get through
     */
    Map<Loop, Sample> runUnderLinux(List<Loop> loops, int scale) throws InterruptedException;
}
