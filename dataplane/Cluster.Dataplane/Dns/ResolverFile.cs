using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>The servers a resolv.conf names, read again when it changes.</summary>
public sealed class ResolverFile(string path, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private IReadOnlyList<IPEndPoint> _servers = [];
    private DateTime _writtenAt;
    private long _lookedAt;
    private bool _looked;

    public IReadOnlyList<IPEndPoint> Servers
    {
        get
        {
            lock (_lock)
            {
                if (!_looked || time.GetElapsedTime(_lookedAt) > LookAgain) LookLocked();
                return _servers;
            }
        }
    }

    public static IReadOnlyList<IPEndPoint> Parse(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length >= 2 && words[0] == "nameserver")
            .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null)
            .OfType<IPAddress>()
            .Select(address => new IPEndPoint(address, 53)),
    ];

    private void LookLocked()
    {
        _looked = true;
        _lookedAt = time.GetTimestamp();
        try
        {
            var writtenAt = File.GetLastWriteTimeUtc(path);
            if (writtenAt == _writtenAt) return;
            _servers = Parse(File.ReadLines(path));
            _writtenAt = writtenAt;
        }
        catch (IOException)
        {
            // Being replaced, or not there: the servers known last are as good a guess as any.
        }
    }
}
