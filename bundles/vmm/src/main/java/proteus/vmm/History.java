package proteus.vmm;

import java.util.List;
import proteus.api.compose.Composition;
import proteus.api.compose.Preset;
import proteus.api.compose.TechniqueInfo.Kind;

/** The techniques that the design knows, and the products that history knows by their compositions. */
final class History {
    private static final String ANY = "*";

    /** A technique of the design, whether or not a bundle provides it yet. */
    record Known(Kind kind, String name, String title) {}

    static final List<Known> TECHNIQUES = List.of(
            new Known(Kind.CPU, "full", "full virtualization: ring deprivileging and binary translation of kernel code"),
            new Known(Kind.CPU, "para", "paravirtualization: the guest's kernel calls hypercalls"),
            new Known(Kind.CPU, "hwassist", "hardware assistance: the guest runs in its own ring 0 under a VMCS"),
            new Known(Kind.MEMORY, "shadow", "shadow page tables, derived from the guest's"),
            new Known(Kind.MEMORY, "ept", "nested paging"),
            new Known(Kind.MEMORY, "direct", "direct paging: the hardware walks a paravirtual guest's own validated tables"),
            new Known(Kind.IO, "emul", "emulated devices that a real PC has"),
            new Known(Kind.IO, "virtio", "virtio devices"));

    private record Product(String cpu, String memory, String io, String name) {}

    /** The first that fits is the name. */
    private static final List<Product> PRODUCTS = List.of(
            new Product("full", "shadow", "emul", "VMware Workstation 1999, VirtualBox software mode"),
            new Product("full", "shadow", "virtio", "VirtualBox software mode with paravirtual drivers"),
            new Product("para", "direct", ANY, "Xen 2003: a paravirtual kernel on direct paging, console by ring"),
            new Product("para", "shadow", ANY, "what-if: a paravirtual kernel on shadowed page tables"),
            new Product("hwassist", "shadow", "emul", "KVM 2007, Xen HVM 3.0: first-generation VT-x with emulated devices"),
            new Product("hwassist", "shadow", "virtio", "KVM 2008 on first-generation VT-x, with virtio"),
            new Product("hwassist", "ept", "emul", "KVM 2008/2010-style with emulated devices"),
            new Product("hwassist", "ept", "virtio", "KVM today"),
            new Product("full", "ept", ANY, "what-if: binary translation over nested paging"),
            new Product("para", "ept", ANY, "what-if: a paravirtual kernel over nested paging"));

    /** With the year in which it appeared. */
    static final List<Preset> PRESETS = List.of(
            new Preset("vmware-1999", "VMware Workstation: binary translation over shadow page tables, a PC's devices", "full", "shadow", "emul",
                    "E. Bugnion et al., Bringing virtualization to the x86 architecture with the original VMware Workstation, ACM TOCS 30(4), 2012"),
            new Preset("xen-2003", "Xen: a paravirtual kernel on direct paging", "para", "direct", "emul",
                    "P. Barham et al., Xen and the art of virtualization, SOSP 2003"),
            new Preset("xen-hvm-2005", "Xen 3.0 with VT-x: shadow page tables, devices by QEMU", "hwassist", "shadow", "emul",
                    "Y. Dong et al., Extending Xen with Intel virtualization technology, Intel Technology Journal 10(3), 2006"),
            new Preset("kvm-2007", "KVM in Linux 2.6.20: VT-x, shadow page tables, devices by QEMU", "hwassist", "shadow", "emul",
                    "A. Kivity et al., kvm: the Linux virtual machine monitor, OLS 2007"),
            new Preset("virtualbox-2007", "VirtualBox in software mode", "full", "shadow", "emul",
                    "Oracle VM VirtualBox user manual, technical background, software virtualization"),
            new Preset("kvm-2008", "KVM on VT-x without EPT, with virtio", "hwassist", "shadow", "virtio",
                    "R. Russell, virtio: towards a de-facto standard for virtual I/O devices, ACM SIGOPS OSR 42(5), 2008"),
            new Preset("esx-2009", "VMware ESX 4 in its hardware MMU mode", "hwassist", "ept", "emul",
                    "VMware, Performance evaluation of Intel EPT hardware assist, 2009"),
            new Preset("kvm-2010", "KVM with EPT and virtio, as today", "hwassist", "ept", "virtio",
                    "J. Kiszka, Architecture of the Kernel-based Virtual Machine, Linux-Kongress 2010"),
            new Preset("what-if-bt-ept", "what-if: binary translation over nested paging", "full", "ept", "emul",
                    "no product; VMware's monitor translated over software paging only (VMware, Virtual machine monitor execution modes, 2009)"));

    private History() {}

    static String name(Composition composition) {
        return PRODUCTS.stream()
                .filter(product -> product.cpu.equals(composition.cpu())
                        && product.memory.equals(composition.memory())
                        && (product.io.equals(ANY) || product.io.equals(composition.io())))
                .map(Product::name)
                .findFirst()
                .orElse("what-if");
    }
}
