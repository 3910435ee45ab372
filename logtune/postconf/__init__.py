"""A Postfix configuration as data: main.cf, master.cf, the output of postconf, and what each smtpd service makes of it.

Read only: nothing here writes a file or changes a setting. Sources: postconf(5), master(5), postconf(1), and in the
Postfix sources util/readlline.c, util/mac_expand.c, util/mystrtok.c, smtpd/smtpd_check.c.
"""
