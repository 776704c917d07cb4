using System.Collections.Concurrent;

namespace Cluster.LoadTests.Machine;

/// <summary>
/// Starts processes that are to end with this one (<c>setpriv --pdeathsig</c>): the kernel means the thread that started them, and one of the pool
/// may end at any time.
/// </summary>
internal static class StartingThread
{
    private static readonly BlockingCollection<Action> Work = Begin();

    /// <summary>Calls a function there and waits for what it returns.</summary>
    public static T Run<T>(Func<T> function)
    {
        var outcome = new TaskCompletionSource<T>();
        Work.Add(() =>
        {
            try
            {
                outcome.SetResult(function());
            }
            catch (Exception failure)
            {
                // The caller's to handle, on its own thread.
                outcome.SetException(failure);
            }
        });
        return outcome.Task.GetAwaiter().GetResult();
    }

    private static BlockingCollection<Action> Begin()
    {
        BlockingCollection<Action> work = [];
        new Thread(() =>
        {
            foreach (Action one in work.GetConsumingEnumerable()) one();
        })
        { IsBackground = true, Name = "starts processes" }.Start();
        return work;
    }
}
