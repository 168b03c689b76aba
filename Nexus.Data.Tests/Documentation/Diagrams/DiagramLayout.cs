namespace Nexus.Data.Tests.Documentation.Diagrams;

/// <summary>Where everything of a diagram stands, in pixels.</summary>
internal sealed class DiagramLayout
{
    public const int Row = 18;
    public const int Head = 26;

    // Of a letter of the columns' names, at 12 pixels, in fixed-width fonts; rounded up, for fonts differ.
    public const double Letter = 7.3;
    public const double SmallLetter = 6.7;

    private const int Margin = 10;
    private const int Gap = 36;
    private const int Lane = 14;
    private const int Padding = 12;
    private const int Marker = 26;

    private readonly Diagram _diagram;
    private readonly IReadOnlyDictionary<string, ModelTable> _tables;
    private readonly Dictionary<string, PlacedBox> _boxes = new(StringComparer.Ordinal);
    private readonly List<PlacedLine> _lines = [];

    public DiagramLayout(Diagram diagram, IReadOnlyDictionary<string, ModelTable> tables)
    {
        _diagram = diagram;
        _tables = tables;
        var routes = References().Select(Route).ToList();
        Place(routes);
        _lines.AddRange(routes.Select(route => Draw(route, routes)));
    }

    public IReadOnlyCollection<PlacedBox> Boxes => _boxes.Values;

    public IReadOnlyList<PlacedLine> Lines => _lines;

    public int Width { get; private set; }

    public int Height { get; private set; }

    private IEnumerable<Reference> References()
    {
        var shown = _diagram.Boxes.Select(box => box.Table).ToHashSet(StringComparer.Ordinal);
        foreach (var reference in _diagram.References)
        {
            foreach (var (table, column) in new[] { (reference.Table, reference.Column), (reference.ToTable, reference.ToColumn) })
            {
                Assert.That(_tables[table].Columns.Select(one => one.Name), Does.Contain(column), $"A column of {table}.");
            }
        }

        return _diagram.Boxes.SelectMany(box => _tables[box.Table].ForeignKeys).Where(key => shown.Contains(key.ToTable))
            .Concat(_diagram.References);
    }

    // Which space between the columns a line runs in: 0 is left of the first one.
    private Route Route(Reference reference)
    {
        var (from, to) = (ColumnOf(reference.Table), ColumnOf(reference.ToTable));
        var starts = SidesOf(reference.Table, reference.Column);
        var space = from == to ? (starts.Right ? from + 1 : from) : Math.Max(from, to);
        Assert.That(Math.Abs(from - to), Is.LessThanOrEqualTo(1), $"{reference}: the two stand in columns side by side.");
        Assert.That(space == from ? starts.Left : starts.Right, $"{reference}: its column of columns is on the other side.");
        return new(reference, space, IsRightOfStart: space > from, IsRightOfEnd: space > to);
    }

    private int ColumnOf(string table)
        => Array.FindIndex(_diagram.Columns, column => column.Any(box => box.Table == table));

    private (bool Left, bool Right) SidesOf(string table, string column)
    {
        var box = _diagram.Boxes.First(box => box.Table == table);
        var shown = Shown(box).ToList();
        var block = shown.FindIndex(one => one.Name == column) / Rows(box);
        return (block == 0, block == box.Blocks - 1);
    }

    private IEnumerable<ModelColumn> Shown(DiagramBox box)
        => _tables[box.Table].Columns.Where(column => box.Shown.Length == 0 || box.Shown.Contains(column.Name));

    private int Rows(DiagramBox box) => (Shown(box).Count() + box.Blocks - 1) / box.Blocks;

    private void Place(List<Route> routes)
    {
        var x = Margin;
        for (var index = 0; index < _diagram.Columns.Length; index++)
        {
            x += SpaceOf(routes, index);
            var column = _diagram.Columns[index];
            var width = column.Max(WidthOf);

            // Every other column half a row lower, and boxes whole rows apart: lines from both sides of a space never lie on each
            // other.
            var top = Margin + (index % 2 * Row / 2);
            var y = top;
            foreach (var box in column)
            {
                var placed = new PlacedBox(box, [.. Shown(box)], Rows(box), x, y, width);
                _boxes.Add(box.Table, placed);
                y = placed.Bottom + Gap - ((placed.Bottom - top) % Row);
            }

            x += width;
        }

        Width = x + SpaceOf(routes, _diagram.Columns.Length) + Margin;
        Height = _boxes.Values.Max(box => box.Bottom) + Margin;
    }

    // Lines that end at one place share a lane, the solid ones and the dashed ones each.
    private static List<(string, string, bool)> Lanes(List<Route> routes, int space)
        => [.. routes.Where(route => route.Space == space).Select(route => route.End).Distinct()];

    private int SpaceOf(List<Route> routes, int space)
    {
        var lanes = Lanes(routes, space).Count;
        var isOutside = space == 0 || space == _diagram.Columns.Length;
        return lanes == 0 ? (isOutside ? 0 : 2 * Lane) : ((lanes + (isOutside ? 1 : 2)) * Lane);
    }

    private int WidthOf(DiagramBox box)
    {
        var blocks = Shown(box).Chunk(Rows(box)).ToList();
        var block = blocks.Max(block => block.Max(column => column.Name.Length * Letter) + block.Max(column => column.ShortType.Length * SmallLetter));
        var head = ((box.Table.Length + 2) * Letter * 13 / 12) + ((box.Note?.Length ?? 0) * SmallLetter);
        return (int)Math.Ceiling(Math.Max(box.Blocks * (block + Marker + Padding + Padding), head + Padding + Padding));
    }

    private PlacedLine Draw(Route route, List<Route> routes)
    {
        var (from, to) = (_boxes[route.Reference.Table], _boxes[route.Reference.ToTable]);
        var start = from.Y + Head + (from.RowOf(route.Reference.Column) * Row) + (Row / 2);
        var (left, right) = to.Sides(route.Reference.ToColumn);
        var touches = route.IsRightOfEnd ? right : left;

        // Where the column is on the other side of the box, the line ends at the box's head.
        var end = touches ? to.Y + Head + (to.RowOf(route.Reference.ToColumn) * Row) + (Row / 2) : to.Y + (Head / 2);
        var lanes = Lanes(routes, route.Space);
        var lane = BeginningOf(route.Space) + ((lanes.IndexOf(route.End) + 1) * Lane);
        return new(
            route.Reference,
            [
                (route.IsRightOfStart ? from.Right : from.X, start),
                (lane, start),
                (lane, end),
                (route.IsRightOfEnd ? to.Right : to.X, end),
            ]);
    }

    private int BeginningOf(int space) => space == 0 ? Margin - (Lane / 2) : _boxes[_diagram.Columns[space - 1][0].Table].Right;
}

internal sealed record Route(Reference Reference, int Space, bool IsRightOfStart, bool IsRightOfEnd)
{
    public (string, string, bool) End => (Reference.ToTable, Reference.ToColumn, Reference.IsKept);
}

/// <summary>A box where it stands.</summary>
internal sealed record PlacedBox(DiagramBox Box, IReadOnlyList<ModelColumn> Columns, int Rows, int X, int Y, int Width)
{
    public int Right => X + Width;

    public int Bottom => Y + DiagramLayout.Head + (Rows * DiagramLayout.Row) + 4;

    public int BlockWidth => Width / Box.Blocks;

    public int RowOf(string column) => IndexOf(column) % Rows;

    public (bool Left, bool Right) Sides(string column)
        => (IndexOf(column) / Rows == 0, IndexOf(column) / Rows == Box.Blocks - 1);

    private int IndexOf(string column) => Columns.ToList().FindIndex(one => one.Name == column);
}

/// <summary>A line from what refers to what is referred to: its corners.</summary>
internal sealed record PlacedLine(Reference Reference, IReadOnlyList<(int X, int Y)> Corners);
