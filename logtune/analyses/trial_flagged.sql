-- Question: which recipient is flagged by which restriction on trial, and who is behind it, by name?
-- Tables: marked, entries, clients (analyses/organisations.py). Made once as view "flagged", for questions that show names.
SELECT n.name, n.service, f.* EXCLUDE (client), c.client_name, c.client_addr, c.organisation, c.network
FROM marked f JOIN entries n USING (entry) LEFT JOIN clients c USING (client)
