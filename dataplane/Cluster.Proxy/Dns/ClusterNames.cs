using System.Net;

namespace Cluster.Proxy.Dns;

/// <summary>The forms of names that addresses take.</summary>
internal static class ClusterNames
{
    private const string Reverse4 = ".in-addr.arpa";
    private const string Reverse6 = ".ip6.arpa";

    /// <summary>The address a reverse name stands for, or null.</summary>
    public static IPAddress? FromReverse(string name)
    {
        if (name.EndsWith(Reverse4, StringComparison.Ordinal))
        {
            var parts = name[..^Reverse4.Length].Split('.');
            return parts.Length == 4 && IPAddress.TryParse(string.Join('.', parts.Reverse()), out var address) ? address : null;
        }

        if (!name.EndsWith(Reverse6, StringComparison.Ordinal)) return null;
        var nibbles = name[..^Reverse6.Length].Split('.');
        if (nibbles.Length != 32 || nibbles.Any(nibble => nibble.Length != 1)) return null;
        var groups = Enumerable.Range(0, 8).Select(group => string.Concat(Enumerable.Range(0, 4).Select(digit => nibbles[31 - (group * 4) - digit])));
        return IPAddress.TryParse(string.Join(':', groups), out var v6) ? v6 : null;
    }

    /// <summary>An address as one label: dots and colons become dashes.</summary>
    public static string ToLabel(string address) => address.Replace('.', '-').Replace(':', '-');

    /// <summary>The address such a label stands for, or null.</summary>
    public static IPAddress? FromLabel(string label)
    {
        if (label.Count(character => character == '-') == 3 && IPAddress.TryParse(label.Replace('-', '.'), out var v4)
            && v4.ToString() == label.Replace('-', '.')) return v4;
        return label.Contains('-', StringComparison.Ordinal) && IPAddress.TryParse(label.Replace('-', ':'), out var v6) ? v6 : null;
    }

    /// <summary>A serial that grows with time, as zones expect.</summary>
    public static uint Serial(DateTimeOffset now) => unchecked((uint)now.ToUnixTimeSeconds());
}
