package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import org.junit.jupiter.api.Test;

/** What the speed of the interpreter rests on and a careless edit would silently take away. */
class HotMethodsTest {
    /** HotSpot does not compile methods of more bytecode than this (-XX:HugeMethodLimit). */
    private static final int HUGE = 8000;
    /** HotSpot does not inline larger methods even when they are hot (-XX:FreqInlineSize). */
    private static final int FREQUENT = 325;

    private static int size(Class<?> type, String method) throws IOException {
        try (InputStream in = type.getResourceAsStream(type.getSimpleName() + ".class")) {
            int most = -1;
            for (MethodModel m : ClassFile.of().parse(in.readAllBytes()).methods()) {
                if (m.methodName().equalsString(method) && m.code().isPresent()) {
                    most = Math.max(most, ((CodeAttribute) m.code().get()).codeLength());
                }
            }
            assertTrue(most > 0, () -> type + " has no method " + method);
            return most;
        }
    }

    @Test
    void theHotLoopIsCompiled() throws IOException {
        int size = size(Interpreter.class, "execute");
        assertTrue(size < HUGE, () -> "Interpreter.execute has " + size + " bytes of bytecode; HotSpot compiles fewer than " + HUGE);
    }

    @Test
    void whatTheHotLoopCallsMayBeInlined() throws IOException {
        for (String method : new String[] {"load", "load8", "load16", "load32", "load64", "store", "store8", "store16", "store32", "store64"}) {
            assertTrue(size(Memory.class, method) < FREQUENT, method);
        }
        for (String method : new String[] {"add", "sub", "and", "or", "xor", "inc", "dec", "shl", "shr", "sar", "imul"}) {
            assertTrue(size(Alu.class, method) < FREQUENT, method);
        }
    }
}
