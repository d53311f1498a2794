/**
 * What all virtio devices share whatever bus they are on (virtio 1.2, chapters 2 and 3): device status, feature negotiation and
 * split virtqueues. Nothing that lies in guest memory is trusted: what is wrong makes the device need a reset (2.1.2).
 */
package proteus.io.virtio.core;
