using System.Text;

namespace Cluster.Testing;

/// <summary>A value that must not be found, in any of the forms it may be written in.</summary>
/// <param name="What">What it is the value of.</param>
/// <param name="Value">Text of its own, long enough not to come about by chance.</param>
public sealed record Canary(string What, string Value)
{
    /// <summary>As it is, and in base64 wherever it begins in a longer text.</summary>
    private IEnumerable<byte[]> Forms => Enumerable.Range(0, 3)
        // The first and the last group of four depend on what stands beside it.
        .Select(shift => Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('.', shift) + Value))[(shift == 0 ? 0 : 4)..^4])
        .Prepend(Value).Select(Encoding.UTF8.GetBytes);

    /// <summary>Null, or where it stands.</summary>
    public string? FindIn(string place, ReadOnlySpan<byte> bytes)
    {
        foreach (var form in Forms)
        {
            if (bytes.IndexOf(form) is >= 0 and var at)
                return $"{What} is in {place}: ...{Encoding.Latin1.GetString(bytes[Math.Max(0, at - 80)..Math.Min(bytes.Length, at + 120)])}...";
        }

        return null;
    }
}
