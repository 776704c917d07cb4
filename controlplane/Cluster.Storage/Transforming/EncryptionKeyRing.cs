namespace Cluster.Storage.Transforming;

/// <summary>The keys of a file as they are now: a changed file is noticed, so that a rotation needs no restart.</summary>
/// <remarks>Safe for concurrent use; readers take one volatile read.</remarks>
public sealed class EncryptionKeyRing
{
    private readonly string? _path;
    private readonly Lock _lock = new();
    private volatile Set _set;

    /// <summary>Keys that never change.</summary>
    /// <param name="keys">The first encrypts, all decrypt.</param>
    public EncryptionKeyRing(IReadOnlyList<EncryptionKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentOutOfRangeException.ThrowIfZero(keys.Count);
        _set = new Set(keys, default);
    }

    private EncryptionKeyRing(string path, Set set) => (_path, _set) = (path, set);

    /// <summary>The first encrypts, all decrypt.</summary>
    public IReadOnlyList<EncryptionKey> Keys => _set.Keys;

    /// <summary>The keys of a file, which is made with one new key if it is missing.</summary>
    /// <exception cref="StoreException">It can't be used; the message names the file.</exception>
    public static async Task<EncryptionKeyRing> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var keys = await EncryptionKeyFile.EnsureAsync(path, cancellationToken);
        return new EncryptionKeyRing(path, new Set(keys, FileTimes.WrittenAt(path)));
    }

    /// <summary>Looks at the file again. True: its keys are others than before.</summary>
    /// <exception cref="StoreException">It can't be used; the keys stay as they are.</exception>
    public bool Refresh()
    {
        if (_path is null)
            return false;
        lock (_lock)
        {
            var written = FileTimes.WrittenAt(_path);
            if (written == _set.Written)
                return false;
            var keys = EncryptionKeyFile.Read(_path);
            var isOther = !keys.Select(key => key.Name).SequenceEqual(_set.Keys.Select(key => key.Name));
            _set = new Set(keys, written);
            return isOther;
        }
    }

    private sealed record Set(IReadOnlyList<EncryptionKey> Keys, DateTime Written);
}
