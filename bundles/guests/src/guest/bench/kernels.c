/* Computing kernels: 32-bit integers only, so that both widths do the same work. */
#include "bench.h"

u32 arena[ARENA_WORDS] __attribute__((aligned(4096)));

static u32 next(u32 *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

void fill(u32 *to, u32 words, u32 seed)
{
    for (u32 i = 0; i < words; i++)
        to[i] = next(&seed) << 12 ^ next(&seed);
}

u32 k_collatz(u32 n)
{
    /* The same starts again and again, so that an iteration costs the same at every scale. */
    enum { STARTS = 30000 };
    u32 sum = 0;
    for (u32 i = 0; i < n; i++)
        for (u32 x = i % STARTS + 1; x != 1; sum++)
            x = x & 1 ? 3 * x + 1 : x >> 1;
    return sum;
}

u32 k_sieve(u32 n)
{
    enum { LIMIT = 1 << 17 };
    u8 *composite = (u8 *)arena;
    u32 sum = 0;
    while (n--) {
        for (u32 i = 0; i < LIMIT; i++)
            composite[i] = 0;
        for (u32 i = 2; i < LIMIT; i++) {
            if (composite[i])
                continue;
            sum = sum * 31 + i;
            for (u32 j = i + i; j < LIMIT; j += i)
                composite[j] = 1;
        }
    }
    return sum;
}

u32 k_crc32(u32 n)
{
    enum { BYTES = 1 << 16 };
    u32 table[256], crc = ~0u;
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[i] = c;
    }
    fill(arena, BYTES / 4, 1);
    const u8 *data = (const u8 *)arena;
    while (n--)
        for (u32 i = 0; i < BYTES; i++)
            crc = crc >> 8 ^ table[(crc ^ data[i]) & 255];
    return ~crc;
}

static u32 rotate(u32 x, int by) { return x >> by | x << (32 - by); }

/* FIPS 180-4. The constants are the fractional parts of roots of the first primes, computed, not copied. */
static u32 root_fraction(u32 prime, int cube)
{
    /* floor(2^32 * root) mod 2^32: the largest r with r^2 <= p * 2^64 or r^3 <= p * 2^96, by bits from the top. */
    u64 r = 0;
    for (int bit = 36; bit >= 0; bit--) {
        u64 t = r | (u64)1 << bit;
        /* Little-endian 32-bit limbs of t * t and t * t * t. */
        u32 square[6] = {0}, product[6] = {0}, limbs[2] = {(u32)t, (u32)(t >> 32)};
        for (int i = 0; i < 2; i++) {
            u64 carry = 0;
            for (int j = 0; j < 4; j++) {
                carry += square[i + j] + (j < 2 ? (u64)limbs[i] * limbs[j] : 0);
                square[i + j] = (u32)carry;
                carry >>= 32;
            }
        }
        for (int i = 0; i < 2; i++) {
            u64 carry = 0;
            for (int j = 0; i + j < 6; j++) {
                carry += product[i + j] + (j < 4 ? (u64)limbs[i] * square[j] : 0);
                product[i + j] = (u32)carry;
                carry >>= 32;
            }
        }
        const u32 *power = cube ? product : square;
        int top = cube ? 3 : 2, above = 0;
        for (int i = 5; i > top; i--)
            above |= power[i] != 0;
        int below = 0;
        for (int i = 0; i < top; i++)
            below |= power[i] != 0;
        if (!above && (power[top] < prime || (power[top] == prime && !below)))
            r = t;
    }
    return (u32)r;
}

static u32 sha_k[64], sha_h[8];

static void sha_init(void)
{
    u32 found = 0;
    for (u32 p = 2; found < 64; p++) {
        u32 d = 2;
        while (d * d <= p && p % d)
            d++;
        if (d * d <= p)
            continue;
        if (found < 8)
            sha_h[found] = root_fraction(p, 0);
        sha_k[found++] = root_fraction(p, 1);
    }
}

static void sha_block(u32 h[8], const u8 *data)
{
    u32 w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (u32)data[4 * i] << 24 | (u32)data[4 * i + 1] << 16 | (u32)data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 8; i++)
        s[i] = h[i];
    for (int i = 0; i < 64; i++) {
        u32 t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) +
                 sha_k[i] + w[i];
        u32 t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        s[7] = s[6], s[6] = s[5], s[5] = s[4], s[4] = s[3] + t1;
        s[3] = s[2], s[2] = s[1], s[1] = s[0], s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}

u32 k_sha256(u32 n)
{
    u32 h[8];
    sha_init();
    for (int i = 0; i < 8; i++)
        h[i] = sha_h[i];
    fill(arena, 1 << 14, 2);
    while (n--)
        for (u32 at = 0; at < 1 << 16; at += 64)
            sha_block(h, (const u8 *)arena + at);
    return h[0] ^ h[7];
}

static void quick(u32 *a, int low, int high)
{
    while (low < high) {
        u32 pivot = a[low + (high - low) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                u32 t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (j - low < high - i) {
            quick(a, low, j);
            low = i;
        } else {
            quick(a, i, high);
            high = j;
        }
    }
}

u32 k_qsort(u32 n)
{
    enum { COUNT = 10000 };
    u32 sum = 0;
    for (u32 round = 0; round < n; round++) {
        fill(arena, COUNT, round);
        quick(arena, 0, COUNT - 1);
        for (u32 i = 0; i < COUNT; i += 97)
            sum = sum * 31 + arena[i];
    }
    return sum;
}

u32 k_copy(u32 n)
{
    enum { WORDS = 1 << 14 };
    u32 sum = 0;
    u32 *from = arena, *to = arena + ARENA_WORDS / 2;
    fill(from, WORDS, 3);
    for (u32 round = 0; round < n; round++) {
        for (u32 i = 0; i < WORDS; i++)
            to[i] = from[i];
        sum = sum * 31 + to[round * 1031 % WORDS];
        from[round % WORDS] ^= sum;
    }
    return sum;
}

static NOINLINE u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

u32 k_fib(u32 n)
{
    u32 sum = 0;
    while (n--)
        sum = sum * 31 + fib(24);
    return sum;
}

u32 k_matmul(u32 n)
{
    enum { N = 64 };
    u32 *a = arena, *b = a + N * N, *c = b + N * N;
    fill(a, 2 * N * N, 4);
    while (n--) {
        for (u32 i = 0; i < N; i++)
            for (u32 j = 0; j < N; j++) {
                u32 sum = 0;
                for (u32 k = 0; k < N; k++)
                    sum += a[i * N + k] * b[k * N + j];
                c[i * N + j] = sum;
            }
        u32 *t = a;
        a = c;
        c = t;
    }
    u32 sum = 0;
    for (u32 i = 0; i < N * N; i++)
        sum = sum * 31 + a[i];
    return sum;
}

u32 k_strings(u32 n)
{
    enum { WORDS = 512, LENGTH = 12 };
    char(*words)[LENGTH] = (char(*)[LENGTH])arena;
    u32 seed = 5, sum = 0;
    for (u32 i = 0; i < WORDS; i++) {
        u32 length = 4 + next(&seed) % (LENGTH - 5), k = 0;
        for (; k < length; k++)
            words[i][k] = (char)('a' + next(&seed) % 4);
        for (; k < LENGTH; k++)
            words[i][k] = 0;
    }
    while (n--) {
        for (u32 i = 0; i < WORDS; i++) {
            u32 length = (u32)strlen(words[i]), before = 0;
            for (u32 j = 0; j < WORDS; j += 8)
                before += strcmp(words[j], words[i]) < 0;
            for (u32 a = 0, b = length - 1; a < b; a++, b--) {
                char t = words[i][a];
                words[i][a] = words[i][b];
                words[i][b] = t;
            }
            sum = sum * 31 + before * length + (u8)words[i][0];
        }
    }
    return sum;
}

u32 k_repmovs(u32 n)
{
    enum { BYTES = 1 << 14 };
    u8 *from = (u8 *)arena, *to = from + (1 << 20);
    u32 sum = 0;
    fill(arena, BYTES / 4, 6);
    for (u32 round = 0; round < n; round++) {
        void *d = to + (round & 63), *s = from;
        size_t count = BYTES / 4;
        __asm__ volatile("rep movsl" : "+D"(d), "+S"(s), "+c"(count)::"memory");
        d = to + BYTES + 4096;
        count = 1024;
        __asm__ volatile("rep stosb" : "+D"(d), "+c"(count) : "a"(round) : "memory");
        sum = sum * 31 + to[(round & 63) + round * 509 % BYTES] + to[BYTES + 4096 + round % 1024];
        from[round % BYTES] ^= (u8)sum;
    }
    return sum;
}

u32 k_chase(u32 n)
{
    /* One node in each 64-byte line of 4 MiB, linked in a full-period pseudo-random order: 1024 pages. */
    enum { NODES = ARENA_WORDS / 16 };
    for (u32 i = 0; i < NODES; i++)
        arena[i * 16] = ((i * 40505 + 12345) % NODES) * 16;
    u32 at = 0, sum = 0;
    for (u32 i = 0; i < n; i++) {
        at = arena[at];
        sum += at ^ i;
    }
    return sum;
}

u32 k_interp(u32 n)
{
    /* A register machine: r0 counts down, r1 and r2 mix. */
    enum { ADD, XOR, SHIFT, MULTIPLY, LOAD, STORE, DECREMENT, JUMP, HALT };
    static const u8 code[][3] = {{ADD, 1, 0}, {XOR, 2, 1}, {SHIFT, 2, 5}, {MULTIPLY, 1, 2}, {STORE, 1, 0}, {ADD, 3, 2},
                                 {LOAD, 4, 0}, {XOR, 1, 4}, {DECREMENT, 0, 0}, {JUMP, 0, 0}, {HALT, 0, 0}};
    u32 r[8] = {n, 1, 2, 3, 4, 0, 0, 0}, pc = 0;
    for (;;) {
        const u8 *op = code[pc++];
        switch (op[0]) {
        case ADD:
            r[op[1]] += r[op[2]];
            break;
        case XOR:
            r[op[1]] ^= r[op[2]];
            break;
        case SHIFT:
            r[op[1]] = rotate(r[op[1]], op[2]);
            break;
        case MULTIPLY:
            r[op[1]] = r[op[1]] * (r[op[2]] | 1);
            break;
        case LOAD:
            r[op[1]] = arena[r[op[2]] & 1023];
            break;
        case STORE:
            arena[r[op[2]] & 1023] = r[op[1]];
            break;
        case DECREMENT:
            r[op[1]]--;
            break;
        case JUMP:
            if (r[op[1]])
                pc = op[2];
            break;
        default:
            return r[1] ^ r[2] ^ r[3];
        }
    }
}

u32 k_branchy(u32 n)
{
    /* A tokenizer over random text: data-dependent branches. */
    enum { LENGTH = 1 << 14 };
    static const char alphabet[] = "abz09 _+-/*\"(){}";
    char *text = (char *)arena;
    u32 seed = 7, words = 0, numbers = 0, strings = 0, others = 0, depth = 0;
    for (u32 i = 0; i < LENGTH; i++)
        text[i] = alphabet[next(&seed) & 15];
    while (n--) {
        enum { START, WORD, NUMBER, STRING } state = START;
        for (u32 i = 0; i < LENGTH; i++) {
            char c = text[i];
            if (state == STRING) {
                if (c == '"')
                    state = START, strings++;
                continue;
            }
            if ((c >= 'a' && c <= 'z') || c == '_') {
                if (state != WORD)
                    state = WORD, words++;
            } else if (c >= '0' && c <= '9') {
                if (state == START)
                    state = NUMBER, numbers++;
            } else {
                state = c == '"' ? STRING : START;
                if (c == '(' || c == '{')
                    depth++;
                else if ((c == ')' || c == '}') && depth)
                    depth--;
                else if (c != ' ')
                    others++;
            }
        }
        text[n % LENGTH] = alphabet[(depth + words) & 15];
    }
    return words * 7 + numbers * 5 + strings * 3 + others + depth;
}

/* What small processors are measured with, in one loop: a linked list, small matrices, a state machine, a checksum over all. */
enum { ITEMS = 64, SIDE = 12, TEXT = 256 };

struct item {
    struct item *next;
    u16 key, value;
};

static u16 crc16(u16 crc, u32 word32)
{
    for (int bit = 0; bit < 32; bit++, word32 >>= 1)
        crc = (u16)(((crc ^ word32) & 1 ? 0xa001 : 0) ^ crc >> 1);
    return crc;
}

/* Merge sort by key or by value, from runs of one upwards. */
static struct item *sort(struct item *list, int by_value)
{
    for (u32 run = 1;; run *= 2) {
        struct item *rest = list, *tail = NULL;
        u32 merges = 0;
        list = NULL;
        while (rest) {
            struct item *left = rest, *right = rest;
            u32 lefts = 0, rights = run;
            merges++;
            while (lefts < run && right)
                lefts++, right = right->next;
            while (lefts || (rights && right)) {
                int take_left = lefts && (!rights || !right ||
                                          (by_value ? left->value <= right->value : left->key <= right->key));
                struct item *taken = take_left ? left : right;
                if (take_left)
                    left = left->next, lefts--;
                else
                    right = right->next, rights--;
                if (tail)
                    tail->next = taken;
                else
                    list = taken;
                tail = taken;
            }
            rest = right;
        }
        tail->next = NULL;
        if (merges <= 1)
            return list;
    }
}

static u32 walk_list(struct item *items, u32 seed)
{
    u32 sum = 0;
    for (u32 i = 0; i < ITEMS; i++) {
        items[i].next = i + 1 < ITEMS ? &items[i + 1] : NULL;
        items[i].key = (u16)(next(&seed) & 0x3ff);
        items[i].value = (u16)i;
    }
    struct item *list = sort(items, 0);
    for (struct item *at = list; at; at = at->next)
        sum = sum * 31 + at->value;
    struct item *reversed = NULL;
    while (list) {
        struct item *after = list->next;
        list->next = reversed;
        reversed = list;
        list = after;
    }
    for (struct item *at = sort(reversed, 1); at; at = at->next)
        sum = sum * 31 + at->key;
    return sum;
}

static u32 small_matrices(int16_t *m, int16_t seed)
{
    u32 sum = 0;
    int16_t *a = m, *b = m + SIDE * SIDE;
    for (int i = 0; i < SIDE * SIDE; i++) {
        a[i] = (int16_t)(seed * i + 7);
        b[i] = (int16_t)(seed + i * i);
    }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int32_t product = 0;
            for (int k = 0; k < SIDE; k++)
                product += a[i * SIDE + k] * b[k * SIDE + j];
            sum += (u32)((product >> 2 & 15) * (product >> 5 & 127));
        }
    return sum;
}

/* Counts what each number in a text turns out to be: an integer, a fraction, one with an exponent, nothing. */
static u32 number_machine(const u8 *text, u32 length)
{
    enum { BEGIN, SIGN, WHOLE, FRACTION, EXPONENT_SIGN, EXPONENT, WRONG, STATES } state = BEGIN;
    u32 counts[STATES] = {0};
    for (u32 i = 0; i < length; i++) {
        u8 c = text[i];
        int digit = c >= '0' && c <= '9';
        if (c == ',') {
            counts[state]++;
            state = BEGIN;
            continue;
        }
        switch (state) {
        case BEGIN:
            state = c == '+' || c == '-' ? SIGN : digit ? WHOLE : c == '.' ? FRACTION : WRONG;
            break;
        case SIGN:
            state = digit ? WHOLE : c == '.' ? FRACTION : WRONG;
            break;
        case WHOLE:
            state = digit ? WHOLE : c == '.' ? FRACTION : c == 'e' ? EXPONENT_SIGN : WRONG;
            break;
        case FRACTION:
            state = digit ? FRACTION : c == 'e' ? EXPONENT_SIGN : WRONG;
            break;
        case EXPONENT_SIGN:
            state = digit || c == '-' ? EXPONENT : WRONG;
            break;
        case EXPONENT:
            state = digit ? EXPONENT : WRONG;
            break;
        default:
            break;
        }
    }
    u32 sum = 0;
    for (int i = 0; i < STATES; i++)
        sum = sum * 31 + counts[i];
    return sum;
}

u32 k_coremix(u32 n)
{
    static const char symbols[] = "0123456789+-.,,e";
    struct item *items = (struct item *)arena;
    int16_t *matrices = (int16_t *)(arena + 4096);
    u8 *text = (u8 *)(arena + 8192);
    u32 seed = 9;
    u16 crc = 0xffff;
    for (u32 i = 0; i < TEXT; i++)
        text[i] = (u8)symbols[next(&seed) & 15];
    for (u32 round = 0; round < n; round++) {
        crc = crc16(crc, walk_list(items, round & 15));
        crc = crc16(crc, small_matrices(matrices, (int16_t)(round & 63)));
        crc = crc16(crc, number_machine(text, TEXT));
        text[round % TEXT] = (u8)symbols[crc & 15];
    }
    return crc;
}
