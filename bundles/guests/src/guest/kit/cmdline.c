/* Words key=value of the boot command line, separated by blanks; a later word wins. */
#include "kit.h"

int option_text(const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    int found = 0;
    for (const char *p = boot_cmdline; *p;) {
        while (*p == ' ')
            p++;
        if (memcmp(p, key, length) == 0 && p[length] == '=') {
            size_t n = 0;
            for (p += length + 1; *p && *p != ' '; p++)
                if (n + 1 < size)
                    value[n++] = *p;
            value[n] = 0;
            found = 1;
        }
        while (*p && *p != ' ')
            p++;
    }
    return found;
}

u32 option_number(const char *key, u32 otherwise)
{
    char text[12];
    if (!option_text(key, text, sizeof text) || !*text)
        return otherwise;
    u32 n = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9')
            return otherwise;
        n = n * 10 + (u32)(*p - '0');
    }
    return n;
}
