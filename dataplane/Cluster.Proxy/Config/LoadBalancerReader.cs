using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace Cluster.Proxy.Config;

/// <summary>Reads a load balancer file again and again, and looks at no more of it than lies between the first and the last service that have changed.</summary>
/// <remarks>
/// To parse 10,000 services of 10 backends takes more than a second; to find the one that has changed, some milliseconds. Whatever is out of the ordinary, mistakes
/// included, is left to <see cref="LoadBalancerFile.Parse(TextReader)"/>, which reads the whole and knows the lines. One thread at a time.
/// </remarks>
internal sealed class LoadBalancerReader
{
    private readonly List<Range> _items = [];

    // In the file's order; null where it was read as a whole, of which nothing can be kept.
    private List<KnownService>? _known = [];
    private ServiceList _services = new();

    /// <exception cref="ConfigException">Something in it can't be used; the next is compared with the one before.</exception>
    public LoadBalancerRevision Read(ArraySegment<byte> text) => TryReadSections(text) ?? ReadWhole(text);

    private LoadBalancerRevision? TryReadSections(ReadOnlySpan<byte> text)
    {
        try
        {
            _items.Clear();
            if (LoadBalancerSections.Find(text, _items) is not { } sections) return null;
            // The rest first: it is short, and where it is not as expected nothing else needs to be read.
            return ReadRest(text, sections) is { } rest ? ReadItems(text, rest) : null;
        }
        catch (ConfigException)
        {
            // Reading the whole tells it by its line.
            return null;
        }
    }

    private LoadBalancerRevision ReadWhole(ArraySegment<byte> text)
    {
        using var reader = new StreamReader(new MemoryStream(text.Array!, text.Offset, text.Count));
        var services = new ServiceList();
        var config = LoadBalancerFile.Parse(reader, services);
        return Renewed(config, services, null);
    }

    private static LoadBalancerConfig? ReadRest(ReadOnlySpan<byte> text, LoadBalancerSections sections)
    {
        var rest = $"{Decode(text[sections.Head])}{new string(' ', sections.Indent)}- service\n{Decode(text[sections.Tail])}";
        var items = new List<ConfigNode>();
        var config = LoadBalancerFile.Parse(new StringReader(rest.TrimStart('\uFEFF')), items.Add);
        return items is [{ Scalar: "service" }] ? config : null;
    }

    private LoadBalancerRevision ReadItems(ReadOnlySpan<byte> text, LoadBalancerConfig rest)
    {
        var known = CollectionsMarshal.AsSpan(_known);
        var items = CollectionsMarshal.AsSpan(_items);
        var most = Math.Min(known.Length, items.Length);
        var (before, behind) = (0, 0);
        while (before < most && Hash(text[items[before]]) == known[before].Hash) before++;
        while (behind < most - before && Hash(text[items[^(behind + 1)]]) == known[^(behind + 1)].Hash) behind++;

        var gone = known[before..^behind];
        var parsed = new List<LoadBalancerService>();
        var come = ReadItems(text, items[before..^behind], gone, parsed);
        var config = rest with { Services = parsed };
        if (_known is null) return Renewed(config, Listed(come), come);
        Replace(gone, come);
        var ids = gone.Length == 0 ? [] : come.Select(service => service.Place.Id).ToHashSet();
        var revision = new LoadBalancerRevision(config, [.. gone.ToArray().Select(service => service.Place.Id).Where(id => !ids.Contains(id))], _services.Ids.Count);
        _known.RemoveRange(before, gone.Length);
        _known.InsertRange(before, come);
        return revision;
    }

    // What is among those that were there as it is needs nobody's attention.
    private static List<KnownService> ReadItems(ReadOnlySpan<byte> text, ReadOnlySpan<Range> items, ReadOnlySpan<KnownService> before, List<LoadBalancerService> parsed)
    {
        var places = new Dictionary<UInt128, ServicePlace>(before.Length);
        foreach (var service in before) places[service.Hash] = service.Place;
        var services = new List<KnownService>(items.Length);
        foreach (var item in items)
        {
            var hash = Hash(text[item]);
            if (!places.TryGetValue(hash, out var place))
            {
                var service = LoadBalancerFile.ParseItem(text[item]);
                parsed.Add(service);
                place = service.Place;
            }

            services.Add(new KnownService(hash, place));
        }

        return services;
    }

    private LoadBalancerRevision Renewed(LoadBalancerConfig config, ServiceList services, List<KnownService>? known)
    {
        var gone = _services.Ids.Where(id => !services.Ids.Contains(id)).ToList();
        (_services, _known) = (services, known);
        return new LoadBalancerRevision(config, gone, services.Ids.Count);
    }

    private static ServiceList Listed(List<KnownService> services)
    {
        var list = new ServiceList();
        foreach (var service in services) list.Add(service.Place, line: 1);
        return list;
    }

    // All or nothing: of a file that is refused nothing is taken.
    private void Replace(ReadOnlySpan<KnownService> gone, List<KnownService> come)
    {
        foreach (var service in gone) _services.Remove(service.Place);
        var added = 0;
        try
        {
            for (; added < come.Count; added++) _services.Add(come[added].Place, line: 1);
        }
        catch (ConfigException)
        {
            foreach (var service in come[..added]) _services.Remove(service.Place);
            foreach (var service in gone) _services.Add(service.Place, line: 1);
            throw;
        }
    }

    private static UInt128 Hash(ReadOnlySpan<byte> item) => XxHash128.HashToUInt128(item);

    private static string Decode(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);
}
