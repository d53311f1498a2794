package proteus.vmm;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.osgi.framework.Bundle;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuTechnique;
import proteus.api.io.BoardFactory;
import proteus.api.io.IoTechnique;
import proteus.api.memory.MemoryTechnique;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestLoader;

/**
 * The parts that are there now, as they come and go with their bundles. Any thread; listeners are told on the thread that
 * brought the change, and for a departure before the part is gone.
 */
@Component(service = TechniqueRegistry.class)
public final class TechniqueRegistry {
    private final Map<String, Offer<Silicon>> silicons = new ConcurrentHashMap<>();
    private final Map<String, Offer<CpuTechnique>> cpus = new ConcurrentHashMap<>();
    private final Map<String, Offer<MemoryTechnique>> memories = new ConcurrentHashMap<>();
    private final Map<String, Offer<IoTechnique>> ios = new ConcurrentHashMap<>();
    private final List<Offer<BoardFactory>> boards = new CopyOnWriteArrayList<>();
    private final List<Offer<GuestLoader>> loaders = new CopyOnWriteArrayList<>();
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    /**
     * A part and the bundle that offers it.
     *
     * @param bundle symbolic name and version
     */
    record Offer<T>(T part, String name, String bundle) {}

    /** Who wants to know of changes. */
    interface Listener {
        void arrived();

        /** This part is about to go. */
        void leaving(Object part, String bundle);
    }

    void listen(Listener listener) {
        listeners.add(listener);
    }

    void ignore(Listener listener) {
        listeners.remove(listener);
    }

    Optional<Silicon> silicon(String name) {
        return part(silicons, name);
    }

    Optional<CpuTechnique> cpu(String name) {
        return part(cpus, name);
    }

    Optional<MemoryTechnique> memory(String name) {
        return part(memories, name);
    }

    Optional<IoTechnique> io(String name) {
        return part(ios, name);
    }

    Optional<BoardFactory> board() {
        return boards.stream().findFirst().map(Offer::part);
    }

    Optional<GuestLoader> loader() {
        return loaders.stream().findFirst().map(Offer::part);
    }

    Collection<String> siliconNames() {
        return new TreeMap<>(silicons).keySet();
    }

    /** Every technique that is offered, with what it says of itself. */
    Map<TechniqueInfo, String> techniques() {
        Map<TechniqueInfo, String> all = new ConcurrentHashMap<>();
        cpus.values().forEach(offer -> all.put(offer.part.info(), offer.bundle));
        memories.values().forEach(offer -> all.put(offer.part.info(), offer.bundle));
        ios.values().forEach(offer -> all.put(offer.part.info(), offer.bundle));
        return all;
    }

    private static <T> Optional<T> part(Map<String, Offer<T>> offers, String name) {
        return Optional.ofNullable(offers.get(name)).map(Offer::part);
    }

    private static String bundle(ServiceReference<?> reference) {
        Bundle bundle = reference == null ? null : reference.getBundle();
        return bundle == null ? "" : bundle.getSymbolicName() + " " + bundle.getVersion();
    }

    private <T> void arrive(Map<String, Offer<T>> offers, T part, Function<T, String> name, ServiceReference<T> reference) {
        offers.putIfAbsent(name.apply(part), new Offer<>(part, name.apply(part), bundle(reference)));
        listeners.forEach(Listener::arrived);
    }

    private <T> void leave(Map<String, Offer<T>> offers, T part, String name) {
        Offer<T> offer = offers.get(name);
        if (offer != null && offer.part == part) {
            // no longer on offer, and still at work until everybody has let go
            offers.remove(name, offer);
            listeners.forEach(listener -> listener.leaving(part, offer.bundle));
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void addSilicon(Silicon part, ServiceReference<Silicon> reference) {
        arrive(silicons, part, Silicon::name, reference);
    }

    void removeSilicon(Silicon part) {
        leave(silicons, part, part.name());
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void addCpu(CpuTechnique part, ServiceReference<CpuTechnique> reference) {
        arrive(cpus, part, technique -> technique.info().name(), reference);
    }

    void removeCpu(CpuTechnique part) {
        leave(cpus, part, part.info().name());
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void addMemory(MemoryTechnique part, ServiceReference<MemoryTechnique> reference) {
        arrive(memories, part, technique -> technique.info().name(), reference);
    }

    void removeMemory(MemoryTechnique part) {
        leave(memories, part, part.info().name());
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void addIo(IoTechnique part, ServiceReference<IoTechnique> reference) {
        arrive(ios, part, technique -> technique.info().name(), reference);
    }

    void removeIo(IoTechnique part) {
        leave(ios, part, part.info().name());
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void addBoard(BoardFactory part, ServiceReference<BoardFactory> reference) {
        boards.add(new Offer<>(part, "board", bundle(reference)));
        listeners.forEach(Listener::arrived);
    }

    void removeBoard(BoardFactory part) {
        boards.removeIf(offer -> offer.part == part);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC, policyOption = ReferencePolicyOption.GREEDY)
    void addLoader(GuestLoader part, ServiceReference<GuestLoader> reference) {
        loaders.add(new Offer<>(part, "loader", bundle(reference)));
        listeners.forEach(Listener::arrived);
    }

    void removeLoader(GuestLoader part) {
        loaders.removeIf(offer -> offer.part == part);
    }
}
