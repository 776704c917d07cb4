using System.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>The servers and the search path a resolv.conf names, read again when it changes. Any thread may ask.</summary>
public sealed class ResolverFile(string path, TimeProvider time)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private volatile ResolverSettings _settings = new([], []);
    private FileVersion _version;
    private long _lookedAt;
    private bool _looked;

    /// <summary>What it says now. Takes no lock but where it is time to look again, and then nobody else waits.</summary>
    public ResolverSettings Current
    {
        get
        {
            if (Volatile.Read(ref _looked) && time.GetElapsedTime(Volatile.Read(ref _lookedAt)) <= LookAgain) return _settings;
            if (!Volatile.Read(ref _looked)) _lock.Enter();
            else if (!_lock.TryEnter()) return _settings;
            try
            {
                LookLocked();
            }
            finally
            {
                _lock.Exit();
            }

            return _settings;
        }
    }

    public IReadOnlyList<IPEndPoint> Servers => Current.Servers;

    public static ResolverSettings Parse(IEnumerable<string> lines)
    {
        var servers = new List<IPEndPoint>();
        string[] searches = [];
        foreach (string[] words in lines.Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length >= 2))
        {
            if (words[0] == "nameserver" && IPAddress.TryParse(words[1], out IPAddress? address)) servers.Add(new IPEndPoint(address, 53));
            // Of several such lines the last counts (resolv.conf(5)).
            else if (words[0] is "search" or "domain") searches = words[1..];
        }

        return new ResolverSettings(servers, searches);
    }

    private void LookLocked()
    {
        try
        {
            var version = FileVersion.Of(path);
            if (version == _version) return;
            _settings = Parse(File.ReadLines(path));
            _version = version;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Being replaced, not there, or a folder in its place: the servers known last are as good a guess as any.
        }
        finally
        {
            Volatile.Write(ref _lookedAt, time.GetTimestamp());
            Volatile.Write(ref _looked, true);
        }
    }
}
