using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Cluster.Dataplane.SocketLb;

/// <summary>A map for thousands of which each has a few entries: an array as long as they are many, searched from its end; a dictionary once there are more.</summary>
/// <remarks>
/// A dictionary of ten backends takes 1 kB, this half of it, and next to nothing while it is empty. What is met by an enumeration may be removed
/// meanwhile. One caller at a time.
/// </remarks>
internal sealed class ArrayMap<TKey, TValue> : IEnumerable<KeyValuePair<TKey, TValue>>
    where TKey : struct
{
    /// <summary>Up to so many are found by looking at each.</summary>
    private const int MaxSearched = 16;

    private KeyValuePair<TKey, TValue>[] _entries = [];
    private int _count;
    private Dictionary<TKey, TValue>? _many;

    public int Count => _many?.Count ?? _count;

    public IEnumerable<TKey> Keys => this.Select(pair => pair.Key);

    public IEnumerable<TValue> Values => this.Select(pair => pair.Value);

    /// <exception cref="KeyNotFoundException">Read where there is none.</exception>
    public TValue this[TKey key]
    {
        get => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"there is no {key}");
        set
        {
            if (_many is not null) _many[key] = value;
            else if (Find(key) is var at and >= 0) _entries[at] = new KeyValuePair<TKey, TValue>(key, value);
            else Append(key, value);
        }
    }

    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_many is not null) return _many.TryGetValue(key, out value);
        var at = Find(key);
        value = at < 0 ? default : _entries[at].Value;
        return at >= 0;
    }

    public bool ContainsKey(TKey key) => _many?.ContainsKey(key) ?? Find(key) >= 0;

    /// <summary>False, and nothing is changed, where there is one already.</summary>
    public bool TryAdd(TKey key, TValue value)
    {
        if (ContainsKey(key)) return false;
        Append(key, value);
        return true;
    }

    /// <exception cref="ArgumentException">There is one already.</exception>
    public void Add(TKey key, TValue value)
    {
        if (!TryAdd(key, value)) throw new ArgumentException($"{key} is there already", nameof(key));
    }

    public bool Remove(TKey key) => Remove(key, out _);

    public bool Remove(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_many is not null) return _many.Remove(key, out value);
        if (!TryGetValue(key, out value)) return false;
        var at = Find(key);
        // An enumeration comes from the end: it has met this one.
        _entries[at] = _entries[--_count];
        _entries[_count] = default;
        return true;
    }

    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator()
    {
        if (_many is not null)
        {
            foreach (var pair in _many) yield return pair;
            yield break;
        }

        for (var at = _count - 1; at >= 0; at--) yield return _entries[at];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Find(TKey key)
    {
        for (var at = _count - 1; at >= 0; at--)
            if (EqualityComparer<TKey>.Default.Equals(_entries[at].Key, key)) return at;
        return -1;
    }

    private void Append(TKey key, TValue value)
    {
        if (_many is null && _count == MaxSearched)
        {
            _many = new Dictionary<TKey, TValue>(this);
            (_entries, _count) = ([], 0);
        }

        if (_many is not null)
        {
            _many.Add(key, value);
            return;
        }

        if (_count == _entries.Length) Array.Resize(ref _entries, Math.Min(_count + (_count / 4) + 1, MaxSearched));
        _entries[_count++] = new KeyValuePair<TKey, TValue>(key, value);
    }
}
