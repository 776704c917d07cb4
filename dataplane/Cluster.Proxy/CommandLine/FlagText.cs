using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Cluster.Proxy.CommandLine;

/// <summary>Reads the text of flags in the forms that Kubernetes' components take.</summary>
internal static class FlagText
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9), ("h", 3600), ("m", 60), ("s", 1)];

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    public static IPAddress Address(FlagValue value) =>
        IPAddress.TryParse(value.Text, out var address) ? address : throw value.Bad("an IP address is meant");

    /// <summary>Addresses behind commas, at most one of each family.</summary>
    public static IReadOnlyList<IPAddress> Addresses(FlagValue value)
    {
        var addresses = Parts(value).Select(Address).ToArray();
        return OnePerFamily(addresses, address => address.AddressFamily) ? addresses : throw value.Bad("at most one address of each family is meant");
    }

    /// <summary>Ranges behind commas, at most one of each family.</summary>
    public static IReadOnlyList<IPNetwork> RangeOfEachFamily(FlagValue value)
    {
        var ranges = Ranges(value);
        return OnePerFamily(ranges, range => range.BaseAddress.AddressFamily) ? ranges : throw value.Bad("at most one range of each family is meant");
    }

    public static IReadOnlyList<IPNetwork> Ranges(FlagValue value) =>
        [.. Parts(value).Select(part => IPNetwork.TryParse(part.Text, out var range) ? range : throw part.Bad("a range like 10.96.0.0/16 is meant"))];

    /// <summary><c>IP</c> or <c>IP:PORT</c>; empty, or port 0, is nowhere.</summary>
    public static IPEndPoint? EndPoint(FlagValue value, int defaultPort)
    {
        if (value.Text.Length == 0) return null;
        // The parser of addresses takes [::1]:19 too, and loses the port.
        var isPlace = value.Text[0] == '[' && value.Text[^1] != ']';
        if (!isPlace && IPAddress.TryParse(value.Text, out var address)) return new IPEndPoint(address, defaultPort);
        if (!IPEndPoint.TryParse(value.Text, out var endPoint)) throw value.Bad("IP or IP:PORT is meant, or nothing to serve it nowhere");
        return endPoint.Port == 0 ? null : endPoint;
    }

    public static int Port(FlagValue value) =>
        int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= IPEndPoint.MaxPort
            ? port
            : throw value.Bad("a port is meant, or 0 for none");

    public static int Number(FlagValue value) =>
        int.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw value.Bad("a number is meant");

    public static bool Truth(FlagValue value) => value.Text.ToLowerInvariant() switch
    {
        "true" or "t" or "1" or "" => true,
        "false" or "f" or "0" => false,
        _ => throw value.Bad("true or false is meant"),
    };

    /// <summary>A time as Go writes it: numbers with their units, such as 1h30m, 90s or 250ms.</summary>
    public static TimeSpan Duration(FlagValue value)
    {
        var rest = value.Text.AsSpan();
        var seconds = 0.0;
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) break;
            rest = rest[digits..];
            var worth = TakeUnit(ref rest);
            if (worth == 0) break;
            seconds += number * worth;
        }

        return rest.Length == 0 && value.Text.Length > 0 && seconds < TimeSpan.MaxValue.TotalSeconds / 2
            ? TimeSpan.FromSeconds(seconds)
            : throw value.Bad("a time like 250ms, 90s or 1h30m is meant");
    }

    private static double TakeUnit(ref ReadOnlySpan<char> text)
    {
        foreach (var (unit, seconds) in Units)
        {
            if (!text.StartsWith(unit)) continue;
            text = text[unit.Length..];
            return seconds;
        }

        return 0;
    }

    private static IEnumerable<FlagValue> Parts(FlagValue value) =>
        value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part => value with { Text = part });

    private static bool OnePerFamily<T>(IReadOnlyCollection<T> values, Func<T, AddressFamily> family) => values.DistinctBy(family).Count() == values.Count;
}
