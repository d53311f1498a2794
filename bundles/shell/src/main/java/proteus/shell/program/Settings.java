package proteus.shell.program;

import java.io.IOException;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.vm.VmException;

/** Settings of bundles by {@code PID:KEY=VALUE}, for this process: {@code proteus.mem.shadow:variant=naive}; a further instance by {@code PID~NAME}. */
@Component(service = Settings.class)
public final class Settings {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);
    private static final long REBINDING = TimeUnit.SECONDS.toNanos(2);

    private final ConfigurationAdmin admin;
    private final BundleContext context;

    @Activate
    public Settings(@Reference ConfigurationAdmin admin, BundleContext context) {
        this.admin = admin;
        this.context = context;
    }

    /**
     * Sets each, and waits until the bundles concerned offer their services with it: they go and come back.
     *
     * @param ready whether those who use the services have them again
     * @throws UsageException for a text of another form
     * @throws VmException when nobody takes a setting
     */
    public void apply(List<String> settings, BooleanSupplier ready) throws InterruptedException {
        for (String setting : settings) {
            int colon = setting.indexOf(':');
            int equals = setting.indexOf('=', colon + 1);
            if (colon < 1 || equals <= colon + 1) {
                throw new UsageException("--set " + setting + " will not do: give PID:KEY=VALUE, such as proteus.mem.shadow:variant=naive");
            }
            apply(setting.substring(0, colon), setting.substring(colon + 1, equals), setting.substring(equals + 1));
        }
        long until = System.nanoTime() + REBINDING;
        while (!settings.isEmpty() && !ready.getAsBoolean() && System.nanoTime() < until) {
            Thread.sleep(10);
        }
    }

    private void apply(String pid, String key, String value) throws InterruptedException {
        try {
            int name = pid.indexOf('~');
            Configuration configuration =
                    name < 0 ? admin.getConfiguration(pid, "?") : admin.getFactoryConfiguration(pid.substring(0, name), pid.substring(name + 1), "?");
            Dictionary<String, Object> properties = configuration.getProperties() == null ? new Hashtable<>() : configuration.getProperties();
            properties.put(key, value);
            configuration.update(properties);
        } catch (IOException e) {
            throw new VmException("the setting of " + pid + " cannot be stored (" + e.getClass().getSimpleName() + ")", e);
        }
        long until = System.nanoTime() + PATIENCE;
        while (!taken(pid, key, value)) {
            if (System.nanoTime() > until) {
                throw new VmException("no service takes the setting %s of %s: the name is wrong, or its bundle refuses '%s'".formatted(key, pid, value));
            }
            Thread.sleep(10);
        }
    }

    /** Components show their configuration as properties of their services. */
    private boolean taken(String pid, String key, String value) {
        try {
            return context.getServiceReferences((String) null, "(&(service.pid=" + pid + ")(" + key + "=" + value + "))") != null;
        } catch (InvalidSyntaxException e) {
            throw new UsageException("--set " + pid + ":" + key + "=" + value + " has signs that no setting has");
        }
    }
}
