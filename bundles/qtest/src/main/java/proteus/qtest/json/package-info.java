/** JSON as QMP speaks it: that of RFC 8259, and strings in single quotes. Values are maps, lists, strings, longs, doubles, booleans and null. */
package proteus.qtest.json;
