using System.Security.Cryptography;
using Cluster.ApiServer.Pki;
using Cluster.Storage.Transforming;

namespace Cluster.ApiServer.Authentication;

/// <summary>
/// The keys of service account tokens: one signs, it and those before it check. The files are looked at again when they change, so a
/// rotation needs no restart.
/// </summary>
/// <remarks>Safe for concurrent use; readers take one volatile read.</remarks>
public sealed class SigningKeys : IDisposable
{
    /// <summary>How soon a changed file is noticed.</summary>
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly string _current;
    private readonly string _previous;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly List<SigningKey> _all = [];
    private volatile Set _set;

    /// <param name="pki">Whose <see cref="ClusterPki.ServiceAccountKey"/> signs.</param>
    /// <param name="time">The clock of looking again.</param>
    /// <exception cref="CryptographicException">A file holds no key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public SigningKeys(ClusterPki pki, TimeProvider time)
    {
        (_current, _previous, _time) = (pki.ServiceAccountKey, pki.ServiceAccountPreviousKeys, time);
        _set = Load(null);
    }

    /// <summary>All that may have signed a token that is still good; the first signs.</summary>
    public IReadOnlyList<SigningKey> All => Look().Keys;

    public void Dispose()
    {
        foreach (var key in _all)
            key.Dispose();
    }

    private Set Look()
    {
        var set = _set;
        if (_time.GetElapsedTime(set.LookedAt) < LookAgainAfter)
            return set;
        lock (_lock)
        {
            if (_time.GetElapsedTime(_set.LookedAt) >= LookAgainAfter)
                _set = LookLocked(_set);
            return _set;
        }
    }

    // A file caught between two states is looked at again: what is known serves until then.
    private Set LookLocked(Set before)
    {
        try
        {
            return Stamp() == before.Stamp ? before with { LookedAt = _time.GetTimestamp() } : Load(before);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return before with { LookedAt = _time.GetTimestamp() };
        }
    }

    private Set Load(Set? before)
    {
        var stamp = Stamp();
        List<string> texts = [File.ReadAllText(_current)];
        if (File.Exists(_previous))
            texts.AddRange(PemBlocks.Of(File.ReadAllText(_previous)));
        var keys = texts.Select(text => Known(before, text)).DistinctBy(key => key.KeyId).ToList();
        return new Set(keys, stamp, _time.GetTimestamp());
    }

    // One object a key for the process's life: a request may still hold it when it is replaced.
    private SigningKey Known(Set? before, string pem)
    {
        var key = SigningKey.FromPem(pem);
        if (before?.Keys.FirstOrDefault(known => known.KeyId == key.KeyId && known.CanSign == key.CanSign) is { } same)
        {
            key.Dispose();
            return same;
        }

        _all.Add(key);
        return key;
    }

    private (DateTime, DateTime) Stamp() => (FileTimes.WrittenAt(_current), FileTimes.WrittenAt(_previous));

    private sealed record Set(IReadOnlyList<SigningKey> Keys, (DateTime, DateTime) Stamp, long LookedAt);
}
