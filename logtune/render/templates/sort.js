'use strict';
// Sorts a table by the heading that is clicked: numbers by data-v, texts as they read. What is not known stays last.
// The page reads whole without this; headings become buttons only here.
(() => {
  const keyOf = (row, index) => {
    const cell = row.cells[index];
    const key = cell.dataset.v;
    if (key === undefined) return cell.textContent.trim();
    return Number.isNaN(Number(key)) ? key : Number(key);
  };
  const unknown = (key) => key === '' || key === '–';
  const compare = (a, b) => typeof a === 'number' && typeof b === 'number'
    ? a - b
    : String(a).localeCompare(String(b), 'en', { numeric: true });

  const sort = (table, head, index, descending) => {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => ({ row, key: keyOf(row, index) }));
    rows.sort((a, b) => unknown(a.key) - unknown(b.key) || (descending ? compare(b.key, a.key) : compare(a.key, b.key)));
    body.append(...rows.map(({ row }) => row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  };

  const makeSortable = (table) => {
    const rows = table.tBodies[0].rows;
    if (rows.length < 2) return;
    table.classList.add('sorts');
    Array.from(table.tHead.rows[0].cells).forEach((head, index) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const order = head.getAttribute('aria-sort');
        const numeric = Array.from(rows).some((row) => row.cells[index].dataset.v !== undefined);
        sort(table, head, index, order ? order === 'ascending' : numeric);
      });
    });
  };

  // On a phone rows are stacked by the style sheet; some browsers then forget that it is a table.
  const keepRoles = (table) => {
    table.setAttribute('role', 'table');
    for (const row of table.rows) {
      row.setAttribute('role', 'row');
      for (const cell of row.cells) {
        cell.setAttribute('role', { col: 'columnheader', row: 'rowheader' }[cell.scope] || 'cell');
      }
    }
  };

  document.querySelectorAll('table.sortable').forEach(makeSortable);
  document.querySelectorAll('table.stack').forEach(keepRoles);
  window.addEventListener('beforeprint', () => {
    document.querySelectorAll('details').forEach((details) => { details.open = true; });
  });
})();
