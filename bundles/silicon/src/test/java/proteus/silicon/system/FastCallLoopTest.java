package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.event.CountedEvent;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.asm.Assembly;
import proteus.x86.format.Cr4;

/** System instructions that kernels execute all the time leave the same translated, where they run without leaving the code, as interpreted. */
class FastCallLoopTest {
    private static final String PROGRAM = """
            mov rcx, user
            mov r11d, %#x
            mov ebp, 12
            o64 sysret
        user:
            rdtsc
            add rbx, rax
            cmp ebp, 5
            syscall
            setc dl
            add rbx, rdx
            dec ebp
            jnz user
            ud2
        entry:
            setc dil
            add rbx, rdi
            swapgs
            mov r8, rcx
            mov r9, r11
            stac
            add [gs:0x10], rbx
            clac
            cld
            lfence
            rdtscp
            add rbx, rax
            add rbx, rcx
            pause
            cli
            serialize
            mov rcx, r8
            mov r11, r9
            swapgs
            o64 sysret
        """;

    /** What a run that ends at the UD2 leaves (under SMAP its delivery fails, since all pages are user pages): everything that is not memory, and the cell that the kernel adds to. */
    private static String outcome(boolean translated, long maskedFlags, long userFlags, boolean smap) {
        try (TestMachine machine = TestMachine.translating(translated)) {
            Cpu cpu = machine.cpu;
            machine.longMode(0);
            cpu.cr4 |= smap ? Cr4.SMAP : 0;
            cpu.mmu.pagingModeChanged();
            Assembly code = machine.load(PROGRAM.formatted(userFlags));
            cpu.msrs.star = (long) TestMachine.CODE64 << 32 | (long) (TestMachine.CODE64_USER - 16) << 48;
            cpu.msrs.lstar = code.symbol("entry");
            cpu.msrs.sfmask = maskedFlags;
            cpu.msrs.tscAux = 77;
            cpu.msrs.kernelGsBase = 0x6_0000;
            cpu.tscBase = 1_000_000;
            int vector = machine.run();
            return "vector %d, registers %s, RIP %x, RFLAGS %x, CPL %d, retired %d, switches %d, CS %x %x, SS %x %x, GS %x, other %x, cell %x".formatted(vector,
                IntStream.range(0, 16).mapToObj(r -> Long.toHexString(cpu.gpr(r))).toList(), cpu.rip(), cpu.rflags(), cpu.cpl,
                cpu.retired, cpu.counters.get(CountedEvent.MODE_SWITCHES), cpu.selector[Cpu.CS], cpu.rights[Cpu.CS], cpu.selector[Cpu.SS], cpu.rights[Cpu.SS],
                cpu.base[Cpu.GS], cpu.msrs.kernelGsBase, machine.memory.read64(0x6_0010));
        }
    }

    private static void same(long maskedFlags, long userFlags, boolean smap) {
        String interpreted = outcome(false, maskedFlags, userFlags, smap);
        assertTrue(interpreted.contains("other 60000, cell 8959"), interpreted);
        assertEquals(interpreted, outcome(true, maskedFlags, userFlags, smap));
    }

    @Test
    void asLinuxHasIt() {
        same(Flags.ARITHMETIC | Flags.TF | Flags.IF | Flags.DF | Flags.NT | Flags.AC | Flags.IOPL, Flags.IF, true);
    }

    @Test
    void arithmeticFlagsStayWhereTheyAreNotMasked() {
        same(Flags.AC, Flags.CF | Flags.OF, true);
    }

    @Test
    void withoutSupervisorModeAccessPrevention() {
        same(Flags.AC | Flags.IF, Flags.IF, false);
    }

    @Test
    void whereTheEntryKeepsAc() {
        same(0, 0, false);
    }

    @Test
    void whereTheEntryKeepsAcThatIsSet() {
        same(0, Flags.AC, false);
    }

    @ParameterizedTest
    @ValueSource(ints = {Flags.AC, Flags.IOPL, Flags.VIF, Flags.ID, Flags.NT})
    void userFlagsThatChangeMoreThanPrivilege(int flags) {
        same(Flags.AC | Flags.IOPL, flags, true);
    }
}
