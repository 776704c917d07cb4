using System.Collections.Concurrent;

namespace Cluster.ApiServer.Authentication;

/// <summary>Answers by the hash of what was asked, each for its time; of too many those go first that would end first.</summary>
/// <remarks>Times are timestamps of one <see cref="TimeProvider"/>. Safe for concurrent use; a look takes no lock.</remarks>
/// <param name="capacity">How many it holds, and a few more where several add at once.</param>
internal sealed class AnswerCache(int capacity)
{
    private readonly ConcurrentDictionary<string, (UserIdentity? User, long Until)> _answers = new(StringComparer.Ordinal);
    private readonly Lock _pruning = new();
    private int _count;

    /// <summary>The answer, if it is still good.</summary>
    public bool TryGet(string hash, long now, out UserIdentity? user)
    {
        var found = _answers.TryGetValue(hash, out var answer) && now < answer.Until;
        user = found ? answer.User : null;
        return found;
    }

    public void Add(string hash, UserIdentity? user, long now, long until)
    {
        // Counting the dictionary itself takes all of its locks.
        if (Volatile.Read(ref _count) >= capacity && !_answers.ContainsKey(hash))
            Prune(now);
        if (_answers.TryAdd(hash, (user, until)))
            Interlocked.Increment(ref _count);
        else
            _answers[hash] = (user, until);
    }

    // Half at once, so that a crowd of new ones pays for it once in a while.
    private void Prune(long now)
    {
        lock (_pruning)
        {
            if (Volatile.Read(ref _count) < capacity)
                return;
            var live = 0;
            foreach (var (hash, answer) in _answers.OrderByDescending(one => one.Value.Until))
            {
                if (answer.Until > now && live < capacity / 2)
                    live++;
                else if (_answers.TryRemove(hash, out _))
                    Interlocked.Decrement(ref _count);
            }
        }
    }
}
