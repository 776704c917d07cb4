using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Numerics;

namespace Cluster.Containers.Network;

/// <summary>This machine's IPv4 routes at one moment.</summary>
public sealed class RouteTable
{
    private readonly IReadOnlyList<(IPNetwork Destination, string Device)> routes;

    private RouteTable(IReadOnlyList<(IPNetwork Destination, string Device)> routes) => this.routes = routes;

    public static RouteTable Read() =>
        new(File.Exists("/proc/net/route") ? Parse(File.ReadLines("/proc/net/route")).ToList() : []);

    public static RouteTable From(IEnumerable<string> lines) => new(Parse(lines).ToList());

    /// <summary>The first route, but the default, that shares addresses with the range; routes of our own bridge don't count.</summary>
    public string? FindOverlap(IPNetwork range, string ownDevice)
    {
        foreach (var (destination, device) in routes)
        {
            if (destination.PrefixLength == 0 || device == ownDevice) continue;
            if (destination.Contains(range.BaseAddress) || range.Contains(destination.BaseAddress))
                return $"{destination} (device {device})";
        }

        return null;
    }

    // Columns: Iface Destination Gateway Flags RefCnt Use Metric Mask ...; addresses are hexadecimal words in host order.
    private static IEnumerable<(IPNetwork Destination, string Device)> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines.Skip(1))
        {
            var columns = line.Split('\t', StringSplitOptions.TrimEntries);
            if (columns.Length < 8) continue;
            var mask = uint.Parse(columns[7], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            yield return (new IPNetwork(Address(columns[1]), BitOperations.PopCount(mask)), columns[0]);
        }
    }

    private static IPAddress Address(string hex)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        return new IPAddress(bytes);
    }
}
