using System.Text;

namespace Cluster.Fuzz.Tests.Generating;

/// <summary>Inputs of several parts: lines that say what it is, an empty line, and the rest as it is.</summary>
internal static class Framed
{
    public static byte[] Join(string head, byte[] body) => [.. Damage.Bytes(head.Replace("\n\n", "\n", StringComparison.Ordinal)), .. "\n\n"u8, .. body];

    public static byte[] Join(string head, string body) => Join(head, Damage.Bytes(body));

    /// <summary>The lines of the head, <paramref name="count"/> of them whatever the input, and the body.</summary>
    public static (string[] Head, byte[] Body) Split(byte[] input, int count)
    {
        var at = input.AsSpan().IndexOf("\n\n"u8);
        var head = Encoding.UTF8.GetString(input, 0, at < 0 ? 0 : at).Split('\n');
        return ([.. head.Concat(Enumerable.Repeat("", count)).Take(count)], at < 0 ? input : input[(at + 2)..]);
    }
}
