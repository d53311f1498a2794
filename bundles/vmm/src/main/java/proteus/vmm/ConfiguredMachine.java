package proteus.vmm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;

/**
 * A VM that is composed by configuration: factory PID {@code proteus.vm}, one VM for each {@code proteus.vm~name}. It is
 * made as soon as its parts and its guest are there, and goes with its configuration.
 */
@Component(service = ConfiguredMachine.class, configurationPid = "proteus.vm", configurationPolicy = ConfigurationPolicy.REQUIRE, immediate = true)
@Designate(ocd = ConfiguredMachine.Settings.class, factory = true)
public final class ConfiguredMachine implements TechniqueRegistry.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(ConfiguredMachine.class);

    /** Settings of one VM. */
    @ObjectClassDefinition(name = "Proteus virtual machine", description = "A VM composed of techniques.")
    public @interface Settings {
        @AttributeDefinition(description = "unique name; empty: the part of the PID behind ~")
        String name() default "";

        @AttributeDefinition(description = "a composition of history, such as kvm-2007; the settings below change it")
        String preset() default "";

        @AttributeDefinition(description = "empty for the modelled one")
        String silicon() default "";

        @AttributeDefinition(description = "CPU technique: full, para or hwassist; empty for hwassist")
        String cpu() default "";

        @AttributeDefinition(description = "memory technique: shadow or ept, direct with para; empty for the usual one")
        String mem() default "";

        @AttributeDefinition(description = "I/O technique: emul or virtio; empty for emul")
        String io() default "";

        @AttributeDefinition(description = "RAM, such as 256M; empty: what the guest likes")
        String memory() default "";

        @AttributeDefinition(description = "count or wall")
        String clock() default "count";

        @AttributeDefinition(description = "CPU model the guest sees")
        String model() default "max";

        boolean acpi() default true;

        @AttributeDefinition(description = "a guest of the catalogue; or give kernel")
        String guest() default "";

        @AttributeDefinition(description = "path of a kernel or image")
        String kernel() default "";

        String initrd() default "";

        @AttributeDefinition(description = "appended to the kernel's command line")
        String append() default "";

        @AttributeDefinition(description = "how virtio devices are attached: pci or mmio")
        String transport() default "pci";

        @AttributeDefinition(description = "who does the work of devices: native (the VMM) or hosted (a process of a host system)")
        String host() default "native";

        boolean autostart() default true;
    }

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final TechniqueRegistry registry;
    private final Settings settings;
    private final String name;
    private final List<GuestCatalogue> catalogues = new CopyOnWriteArrayList<>();
    private VirtualMachine machine;
    private boolean failed;
    private boolean active;

    @Activate
    public ConfiguredMachine(
            @Reference VirtualMachineManager manager,
            @Reference Composer composer,
            @Reference TechniqueRegistry registry,
            Settings settings,
            java.util.Map<String, Object> properties) {
        this.manager = manager;
        this.composer = composer;
        this.registry = registry;
        this.settings = settings;
        String pid = String.valueOf(properties.get("service.pid"));
        this.name = settings.name().isEmpty() ? pid.substring(pid.indexOf('~') + 1) : settings.name();
    }

    @Activate
    void activate() {
        synchronized (this) {
            active = true;
        }
        registry.listen(this);
        tryToCreate();
    }

    @Deactivate
    void deactivate() {
        registry.ignore(this);
        synchronized (this) {
            active = false;
            if (machine != null) {
                machine.close();
                machine = null;
            }
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addCatalogue(GuestCatalogue catalogue) {
        catalogues.add(catalogue);
        tryToCreate();
    }

    void removeCatalogue(GuestCatalogue catalogue) {
        catalogues.remove(catalogue);
    }

    @Override
    public void arrived() {
        tryToCreate();
    }

    @Override
    public void leaving(Object part, String bundle) {
        // The manager parks the VM.
    }

    private synchronized void tryToCreate() {
        if (!active || machine != null || failed) {
            return;
        }
        try {
            Composition composition = composer.wished(settings.preset(), settings.silicon(), settings.cpu(), settings.mem(), settings.io());
            if (!composer.examine(composition).possible()) {
                return;
            }
            Optional<VmSpec> spec = spec(composition);
            if (spec.isEmpty()) {
                return;
            }
            machine = manager.create(spec.get());
            if (settings.autostart()) {
                machine.start();
            }
        } catch (VmException | GuestLoadException | IOException | IllegalArgumentException e) {
            failed = true;
            LOG.error("VM {} cannot be made from its configuration: {}", name, e.getMessage());
        }
    }

    /** Empty while no catalogue knows the guest yet. */
    private Optional<VmSpec> spec(Composition composition) throws IOException {
        byte[] kernel;
        byte[] initrd = new byte[0];
        String commandLine = "";
        long memory = 256L << 20;
        String title;
        VmSpec.Entry entry = VmSpec.Entry.BEST;
        Map<String, byte[]> files = Map.of();
        if (!settings.kernel().isEmpty()) {
            kernel = Files.readAllBytes(Path.of(settings.kernel()));
            title = settings.kernel();
        } else {
            Optional<GuestImage> image = catalogues.stream()
                    .map(catalogue -> catalogue.image(settings.guest(), sentence -> LOG.info("VM {}: {}", name, sentence)))
                    .flatMap(Optional::stream)
                    .findFirst();
            if (image.isEmpty()) {
                return Optional.empty();
            }
            kernel = image.get().kernel();
            initrd = image.get().initrd();
            commandLine = image.get().commandLine();
            memory = image.get().info().memoryBytes();
            title = settings.guest();
            entry = image.get().entry();
            files = image.get().files();
        }
        if (!settings.initrd().isEmpty()) {
            initrd = Files.readAllBytes(Path.of(settings.initrd()));
        }
        if (!settings.memory().isEmpty()) {
            memory = MemorySize.parse(settings.memory());
        }
        String words = Stream.of(commandLine, settings.append()).filter(text -> !text.isBlank()).reduce((a, b) -> a + " " + b).orElse("");
        return Optional.of(new VmSpec(
                name,
                composition,
                memory,
                1,
                VmSpec.Clock.valueOf(settings.clock().toUpperCase(java.util.Locale.ROOT)),
                settings.model(),
                settings.acpi(),
                new VmSpec.BootSpec(title, kernel, initrd, words, entry, files),
                List.of(),
                VmSpec.DEFAULT_ENGINE,
                VmSpec.Reboot.EXIT,
                DeviceSetting.of(settings.transport(), settings.host())));
    }
}
