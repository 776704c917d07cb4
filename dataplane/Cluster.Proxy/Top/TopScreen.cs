using System.Text;

namespace Cluster.Proxy.Top;

/// <summary>Paints the view on the terminal's other screen, so that what stood there is back at the end. One thread.</summary>
internal sealed class TopScreen : IDisposable
{
    private const string Enter = "\e[?1049h\e[?25l";
    private const string Leave = "\e[?25h\e[?1049l";
    private int _first;

    public TopScreen() => Console.Out.Write(Enter);

    public void Paint(IReadOnlyList<string> header, IReadOnlyList<string> rows, string footer)
    {
        var (width, height) = Size();
        var room = Math.Max(1, height - header.Count - 1);
        _first = Math.Clamp(_first, 0, Math.Max(0, rows.Count - room));
        var text = new StringBuilder("\e[H");
        foreach (var line in header) text.Append(line).Append("\e[K\n");
        for (var i = 0; i < room; i++)
        {
            if (_first + i < rows.Count) text.Append(rows[_first + i]);
            text.Append("\e[K\n");
        }

        var shown = rows.Count > room ? $"   {_first + 1}-{Math.Min(rows.Count, _first + room)} of {rows.Count} lines" : "";
        var last = footer + shown;
        text.Append(last.Length > width ? last[..width] : last).Append("\e[K\e[J");
        Console.Out.Write(text);
        Console.Out.Flush();
    }

    /// <summary>Columns and lines, as the terminal has them now.</summary>
    public static (int Width, int Height) Size() => (Math.Max(40, Console.WindowWidth), Math.Max(8, Console.WindowHeight));

    public void Scroll(int lines) => _first = Math.Max(0, _first + lines);

    public void Dispose()
    {
        Console.Out.Write(Leave);
        Console.Out.Flush();
    }
}
