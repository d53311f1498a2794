/** Both ends of the driver: the one that starts containers and the one that runs tests in them. */
package proteus.exam.internal;
