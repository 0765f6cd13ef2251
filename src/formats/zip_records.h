/*
 * zip_records.h: the records of a zip archive, as APPNOTE.TXT numbers them.
 *
 *     | local header, name, extra, data | ... | central records | [64-bit end, locator] | end |
 *
 * An extra field is a list of (u16 id, u16 bytes, bytes).
 * SPDX-License-Identifier: MIT
 */
#ifndef AN_FORMATS_ZIP_RECORDS_H
#define AN_FORMATS_ZIP_RECORDS_H

#define AN_ZIP_LOCAL   0x04034b50u /* 4.3.7 */
#define AN_ZIP_CENTRAL 0x02014b50u /* 4.3.12 */
#define AN_ZIP_END64   0x06064b50u /* 4.3.14 */
#define AN_ZIP_LOCATOR 0x07064b50u /* 4.3.15 */
#define AN_ZIP_END     0x06054b50u /* 4.3.16 */

#define AN_ZIP_LOCAL_BYTES   30 /* without name and extra */
#define AN_ZIP_CENTRAL_BYTES 46 /* the same */
#define AN_ZIP_END64_BYTES   56
#define AN_ZIP_LOCATOR_BYTES 20
#define AN_ZIP_END_BYTES     22 /* without the comment */

#define AN_ZIP_STORED   0 /* methods, 4.4.5 */
#define AN_ZIP_DEFLATED 8

#define AN_ZIP_FLAG_ENCRYPTED  0x2041u /* 4.4.4: encrypted, strongly, or its header masked */
#define AN_ZIP_FLAG_PATCH      0x0020u
#define AN_ZIP_FLAG_DESCRIPTOR 0x0008u /* CRC and sizes follow the data; the header has zeros */
#define AN_ZIP_FLAG_UTF8       0x0800u

#define AN_ZIP_EXTRA64 0x0001u /* 4.5.3: the fields that do not fit, in 64 bits */

#endif
