using System.IO.Hashing;
using System.Text;

namespace Cluster.Proxy.Config;

/// <summary>Reads a load balancer file again and again, and parses of it only the services whose text it has not seen in the one before.</summary>
/// <remarks>
/// To parse 10,000 services of 10 backends takes more than a second; to find the one that has changed, some milliseconds. Whatever is out of the ordinary, mistakes
/// included, is left to <see cref="LoadBalancerFile.Parse(TextReader)"/>, which reads the whole and knows the lines. One thread at a time.
/// </remarks>
internal sealed class LoadBalancerReader
{
    // Kept in pairs, what is in force and what is being read: new ones for each reading would be large objects, which lie until the whole heap is collected.
    // Of a service the hash of its text: 128 bits are never alike by chance.
    private Dictionary<UInt128, ServicePlace> _known = [];
    private Dictionary<UInt128, ServicePlace> _nextKnown = [];
    private ServiceList _services = new();
    private ServiceList _next = new();
    private readonly List<Range> _items = [];

    /// <exception cref="ConfigException">Something in it can't be used; the next is compared with the one before.</exception>
    public LoadBalancerRevision Read(ArraySegment<byte> text)
    {
        var config = TryReadSections(text) ?? ReadWhole(text);
        (_known, _nextKnown) = (_nextKnown, _known);
        (_services, _next) = (_next, _services);
        var gone = _next.Ids.Where(id => !_services.Ids.Contains(id)).ToList();
        return new LoadBalancerRevision(config, gone, _services.Ids.Count);
    }

    private LoadBalancerConfig? TryReadSections(ReadOnlySpan<byte> text)
    {
        try
        {
            Begin();
            _items.Clear();
            if (LoadBalancerSections.Find(text, _items) is not { } sections) return null;
            // The rest first: it is short, and where it is not as expected nothing else needs to be read.
            if (ReadRest(text, sections) is not { } rest) return null;
            foreach (var range in _items) ReadItem(text[range]);
            return rest with { Services = _next.Items };
        }
        catch (ConfigException)
        {
            // Reading the whole tells it by its line.
            return null;
        }
    }

    private LoadBalancerConfig ReadWhole(ArraySegment<byte> text)
    {
        Begin();
        using var reader = new StreamReader(new MemoryStream(text.Array!, text.Offset, text.Count));
        return LoadBalancerFile.Parse(reader, _next);
    }

    private void Begin()
    {
        _next.Clear();
        _nextKnown.Clear();
    }

    private static LoadBalancerConfig? ReadRest(ReadOnlySpan<byte> text, LoadBalancerSections sections)
    {
        var rest = $"{Decode(text[sections.Head])}{new string(' ', sections.Indent)}- service\n{Decode(text[sections.Tail])}";
        var items = new List<ConfigNode>();
        var config = LoadBalancerFile.Parse(new StringReader(rest.TrimStart('\uFEFF')), items.Add);
        return items is [{ Scalar: "service" }] ? config : null;
    }

    private void ReadItem(ReadOnlySpan<byte> item)
    {
        var hash = XxHash128.HashToUInt128(item);
        if (_known.TryGetValue(hash, out var place))
        {
            _next.Keep(place);
        }
        else
        {
            var service = LoadBalancerFile.ParseItem(new StringReader(Decode(item)));
            _next.Add(service, line: 1);
            place = service.Place;
        }

        _nextKnown[hash] = place;
    }

    private static string Decode(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);
}
