/**
 * The way in: starts the OSGi framework with the bundles of an image and runs one thing in it, a subcommand, a script or the shell.
 *
 * <p>It knows nothing of what the bundles do. A subcommand is whatever {@link java.util.function.ToIntFunction} service carries
 * the property {@code proteus.command} with its name; it is given the arguments and returns the exit status.
 */
package proteus.launcher;
