using System.Runtime.CompilerServices;

namespace Cluster.Proxy.Config;

/// <summary>Where the services of a load balancer file stand in its text, found by lines alone.</summary>
/// <param name="Head">Up to the first service; the line <c>services:</c> is the last that is not blank or a comment.</param>
/// <param name="Tail">From the first line that is of no service.</param>
/// <param name="Indent">Spaces before each service's dash.</param>
/// <remarks>
/// What is found holds as long as each item is YAML by itself with one entry, and so is the rest with one in their place: a parser that has read an item
/// whole stands where it stood before it, so it reads the next as if that were alone. Quotes or brackets that go on over the borders of an item
/// leave it unclosed, anchors of other items are not there: who parses the pieces meets a mistake, and reads the whole.
/// </remarks>
internal readonly record struct LoadBalancerSections(Range Head, Range Tail, int Indent)
{
    /// <summary>Null where the text has no list of services in block style.</summary>
    /// <param name="text">The file.</param>
    /// <param name="items">Gets the services: whole lines each, from the one with the dash; comments and blank lines behind a service are its own.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // It is run once in a while, and over tens of thousands of lines then.
    public static LoadBalancerSections? Find(ReadOnlySpan<byte> text, ICollection<Range> items)
    {
        var start = AfterKey(text);
        while (start < text.Length && IsBlank(Line(text, start))) start = Next(text, start);
        if (start >= text.Length) return null;
        var indent = IndentOf(Line(text, start));
        if (!IsEntry(Line(text, start), indent)) return null;

        var first = start;
        var at = Next(text, start);
        while (at < text.Length)
        {
            if (!IsDeeper(text, at, indent) && Line(text, at) is var line && !IsBlank(line))
            {
                if (!IsEntry(line, indent)) break;
                items.Add(first..at);
                first = at;
            }

            at = Next(text, at);
        }

        items.Add(first..at);
        return new LoadBalancerSections(..start, at.., indent);
    }

    // The start of the line after the root's field; the text's end where there is none.
    private static int AfterKey(ReadOnlySpan<byte> text)
    {
        for (var at = 0; at < text.Length; at = Next(text, at))
        {
            var line = Line(text, at);
            if (line.StartsWith("services:"u8) && IsBlank(line["services:"u8.Length..])) return Next(text, at);
        }

        return text.Length;
    }

    // Without its end.
    private static ReadOnlySpan<byte> Line(ReadOnlySpan<byte> text, int start) => text[start..Next(text, start)].TrimEnd("\r\n"u8);

    private static int Next(ReadOnlySpan<byte> text, int start) => text[start..].IndexOf((byte)'\n') is var length and >= 0 ? start + length + 1 : text.Length;

    // Nearly all lines, most of a long file's: of the service that began before them.
    private static bool IsDeeper(ReadOnlySpan<byte> text, int start, int indent) =>
        text.Length - start > indent && !text.Slice(start, indent + 1).ContainsAnyExcept((byte)' ');

    private static int IndentOf(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept((byte)' ') is var indent and >= 0 ? indent : line.Length;

    private static bool IsEntry(ReadOnlySpan<byte> line, int indent) =>
        IndentOf(line) == indent && line.Length > indent && line[indent] == '-' && (line.Length == indent + 1 || line[indent + 1] == ' ');

    // Or a comment alone.
    private static bool IsBlank(ReadOnlySpan<byte> line) => line.TrimStart((byte)' ') is var text && (text.IsEmpty || text[0] == '#');
}
