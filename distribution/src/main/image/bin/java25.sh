# Sourced, not run: finds a Java of at least version 25.
#
#   java25 [java|javac]   prints the home directory of the first Java that has the given tool (default java), or returns 1

# shellcheck shell=bash

_java_version() { # HOME: prints the feature version, from the release file (no process) or from the JVM itself
    local line
    if [ -r "$1/release" ] && line=$(grep -m1 '^JAVA_VERSION=' "$1/release"); then
        line=${line#JAVA_VERSION=}
        line=${line//\"/}
    else
        line=$("$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([^"]*\)".*/\1/p' | head -n 1)
    fi
    line=${line%%[.+-]*}
    case $line in '' | *[!0-9]*) echo 0 ;; *) echo "$line" ;; esac
}

_java_real() { # FILE: prints it with symbolic links followed (macOS before 12.3 has no readlink -f)
    readlink -f "$1" 2>/dev/null || echo "$1"
}

java25() {
    local tool=${1:-java} home path candidates=()
    [ -z "${JAVA_HOME:-}" ] || candidates+=("$JAVA_HOME")
    if path=$(command -v java); then
        path=$(_java_real "$path")
        candidates+=("${path%/bin/java}")
    fi
    shopt -q nullglob && local keep=1 || local keep=0
    shopt -s nullglob
    candidates+=(
        "${SDKMAN_DIR:-$HOME/.sdkman}"/candidates/java/*
        "$HOME"/.jdks/*
        "${ASDF_DATA_DIR:-$HOME/.asdf}"/installs/java/*
        /usr/lib/jvm/* /usr/java/* /usr/local/java/* /opt/java/* /opt/jdk* /usr/local/openjdk*
        /Library/Java/JavaVirtualMachines/*/Contents/Home
        "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home
        /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home
        /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home
    )
    [ "$keep" = 1 ] || shopt -u nullglob
    for home in "${candidates[@]}"; do
        if [ -x "$home/bin/$tool" ] && [ -x "$home/bin/java" ] && [ "$(_java_version "$home")" -ge 25 ]; then
            echo "$home"
            return 0
        fi
    done
    return 1
}
