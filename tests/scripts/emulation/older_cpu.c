/* Preloaded, makes CPUID answer as a CPU with AVX2 would: without AVX-512, VNNI and AMX. The CPU itself runs on.
 *
 * Linux lets CPUID fault where the CPU can ("cpuid_fault" in /proc/cpuinfo; man 2 arch_prctl); the fault is answered
 * here with what the CPU says, less what is hidden. The setting is a thread's own, and new threads inherit it.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(number) (1u << (number))
#define CANNOT_RUN 77

static void hide(unsigned leaf, unsigned part, unsigned *a, unsigned *b, unsigned *c, unsigned *d)
{
    if (leaf == 7 && part == 0) {
        /* AVX512F, DQ, IFMA, PF, ER, CD, BW, VL; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ;
           4VNNIW, 4FMAPS, VP2INTERSECT, AMX-BF16, AVX512-FP16, AMX-TILE, AMX-INT8 */
        *b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31));
        *c &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));
        *d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25));
    } else if (leaf == 7 && part == 1) {
        /* AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA; AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10 */
        *a &= ~(BIT(4) | BIT(5) | BIT(21) | BIT(23));
        *d &= ~(BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19));
    } else if (leaf == 0xd && part == 0) {
        *a &= ~(BIT(5) | BIT(6) | BIT(7) | BIT(17) | BIT(18)); /* registers of AVX-512 and AMX that XSAVE would save */
    } else if (leaf == 0x1d || leaf == 0x1e || leaf == 0x24) { /* AMX's tiles and AVX10's version */
        *a = *b = *c = *d = 0;
    }
}

static void answer(greg_t *registers)
{
    unsigned a, b, c, d, leaf = registers[REG_RAX], part = registers[REG_RCX];
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    __cpuid_count(leaf, part, a, b, c, d);
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
    hide(leaf, part, &a, &b, &c, &d);
    registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    /* A general protection fault has no address: the instruction itself can be read. */
    if (info->si_code == SI_KERNEL && !memcmp((void *)registers[REG_RIP], "\x0f\xa2", 2))
        answer(registers);
    else
        signal(number, SIG_DFL); /* another fault: it comes again, and ends the process */
}

__attribute__((constructor)) static void start(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESTART};
    static const char why[] = "CPUID cannot be hidden on this CPU\n";
    if (sigaction(SIGSEGV, &action, NULL) || syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0)) {
        if (write(STDERR_FILENO, why, sizeof why - 1) < 0)
            _exit(CANNOT_RUN);
        _exit(CANNOT_RUN);
    }
}
