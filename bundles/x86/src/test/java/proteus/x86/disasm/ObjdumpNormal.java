package proteus.x86.disasm;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Brings objdump's text and ours to one spelling. Rules of one side only say where the two deliberately differ. */
final class ObjdumpNormal {
    private static final Pattern SYMBOL = Pattern.compile(" <[^>]*>");
    /** Prefixes that objdump shows although they change nothing, or that the rest of the text shows too. */
    private static final Pattern PREFIXES =
        Pattern.compile("^(?:(?:data16|data32|addr16|addr32|rex(?:\\.[WRXB]+)?|[cdefgs]s|notrack|bnd|xacquire|xrelease|repz|repnz|rep|lock|\\{vex3?}|\\{evex}) )+");
    private static final Pattern STRING = Pattern.compile("^(movs|cmps|scas|lods|stos|ins|outs)[bwdq]? (?!.*xmm)(.*)$");
    private static final Pattern PREDICATE = Pattern.compile("^(v?cmp)(?:([a-z0-9_]+?))(ps|pd|ss|sd) (.*)$");
    private static final Pattern INTEGER_PREDICATE = Pattern.compile("^vpcmp(lt|le|neq|nlt|nle|eq)(u?[bwdq]) (k.*)$");
    private static final Pattern EQUAL = Pattern.compile("^vpcmp(u?[bwdq]) (k.*),0x0$");
    private static final Pattern CARRYLESS = Pattern.compile("^(v?pclmul)([lh])q([lh])qdq (.*)$");
    private static final List<String> PREDICATES = List.of("eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord", "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt",
        "true", "eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq", "gt_oq",
        "true_us");
    private static final Map<String, Integer> INTEGER_PREDICATES = Map.of("eq", 0, "lt", 1, "le", 2, "neq", 4, "nlt", 5, "nle", 6);

    private ObjdumpNormal() {
    }

    /** A rule: what matches is replaced. */
    private record Rule(Pattern pattern, String replacement) {
        Rule(String pattern, String replacement) {
            this(Pattern.compile(pattern), replacement);
        }
    }

    private static final List<Rule> RULES = List.of(
        new Rule("\\+[er]iz\\*1", ""), new Rule("[+-]0x0]", "]"), new Rule("st\\(0\\)", "st"), new Rule("^movabs ", "mov "), new Rule("^(sh[lr]|sar|ro[lr]|rc[lr]) (.*),1$", "$1 $2,0x1"),
        new Rule("\\bOWORD PTR", "XMMWORD PTR"), new Rule("^(call|jmp) far ", "$1 "), new Rule("^xchg ax,ax$|^xchg eax,eax$", "nop"),
        // objdump says the operand size by a letter, we by a prefix
        new Rule("^(ret|retf|leave|enter|call|jmp|push|pop|pushf|popf|pusha|popa|iret|[ls][gi]dt|sysret|sysexit|fldenv|fnstenv|fnsave|frstor|loop|loope|loopne|xbegin)[wdqsl]( |$)",
            "$1$2"),
        new Rule("^(j[a-z]+)[wd] ", "$1 "), new Rule("^xlat .*", "xlat"), new Rule("^xcrypt-", "xcrypt"), new Rule("^xstore-rng", "xstore"),
        new Rule("^(fneni|fndisi|fnsetpm|frstpm)\\(.*", "$1"), new Rule("^(wru?ss)[dq] ", "$1 "),
        // objdump shows no size, or the size of the vector of which parts are moved
        new Rule("^([ls][gi]dt|inv[ev]pt|invvpid|invpcid|invept|wru?ss|movdir64b|enqcmds?|v?lddqu|vp?expand.*|vp?compress.*|mov(?= (?:[re]?ax|al),[c-gs A-Z]+ PTR [c-gs]s:0x)"
            + "|mov(?= [A-Z]+ PTR [c-gs]s:0x[0-9a-f]+,(?:[re]?ax|al)$)) (.*?)\\b[A-Z]+ PTR ", "$1 $2"),
        new Rule(",\\{(sae|r.-sae)}", "{$1}"), new Rule("\\{1to\\d+}", ""));
    private static final Pattern NEGATIVE = Pattern.compile("\\[([re])ip-0x([0-9a-f]+)]");

    /** The text before comments and symbols, with single blanks. */
    static String plain(String text) {
        int end = text.length();
        int comment = text.indexOf('#');
        end = comment < 0 ? end : comment;
        int symbol = text.indexOf(" <");
        end = symbol < 0 ? end : Math.min(end, symbol);
        int blank = text.indexOf(' ');
        int operand = blank;
        while (operand >= 0 && operand < end && text.charAt(operand) == ' ') {
            operand++;
        }
        return blank < 0 || operand == blank + 1 ? text.substring(0, end).strip() : (text.substring(0, blank + 1) + text.substring(operand, end)).strip();
    }

    static String of(String text) {
        String plain = SYMBOL.matcher(plain(text)).replaceAll("").replaceAll("\\s+", " ").strip();
        plain = PREFIXES.matcher(plain + " ").replaceFirst("").strip();
        Matcher string = STRING.matcher(plain);
        if (string.matches()) {
            return string.group(1) + " " + string.group(2).replaceAll("[A-Z]+ PTR ", "");
        }
        for (Rule rule : RULES) {
            plain = rule.pattern.matcher(plain).replaceFirst(rule.replacement);
        }
        plain = NEGATIVE.matcher(plain).replaceAll(m -> {
            long value = -Long.parseLong(m.group(2), 16);
            return "[" + m.group(1) + "ip+0x" + Long.toHexString(m.group(1).equals("e") ? value & 0xFFFF_FFFFL : value) + "]";
        });
        return predicates(plain);
    }

    private static String predicates(String text) {
        Matcher compare = PREDICATE.matcher(text);
        if (compare.matches() && PREDICATES.contains(compare.group(2))) {
            return compare.group(1) + compare.group(3) + " " + compare.group(4) + ",0x" + Integer.toHexString(PREDICATES.indexOf(compare.group(2)));
        }
        Matcher integer = INTEGER_PREDICATE.matcher(text);
        if (integer.matches() && !integer.group(1).equals("eq")) {
            return "vpcmp" + integer.group(2) + " " + integer.group(3) + ",0x" + INTEGER_PREDICATES.get(integer.group(1));
        }
        Matcher equal = EQUAL.matcher(text);
        if (equal.matches()) {
            return "vpcmpeq" + equal.group(1) + " " + equal.group(2);
        }
        Matcher carryless = CARRYLESS.matcher(text);
        if (carryless.matches()) {
            int selector = (carryless.group(2).equals("h") ? 1 : 0) | (carryless.group(3).equals("h") ? 16 : 0);
            return carryless.group(1) + "qdq " + carryless.group(4) + ",0x" + Integer.toHexString(selector);
        }
        return text;
    }
}
