using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Cluster.Testing;

/// <summary>Waits for what the real world does in its own time.</summary>
public static class Eventually
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    /// <summary>Polls until <paramref name="condition"/> holds; unless told, a failure quotes the condition's text.</summary>
    /// <exception cref="TimeoutException">It did not in time; <paramref name="what"/> is in the message.</exception>
    public static Task True(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "", TimeSpan? timeout = null) =>
        True(() => Task.FromResult(condition()), what, timeout);

    /// <inheritdoc cref="True(Func{bool}, string, TimeSpan?)"/>
    public static async Task True(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "", TimeSpan? timeout = null)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > (timeout ?? DefaultTimeout))
                throw new TimeoutException($"Waited {clock.Elapsed.TotalSeconds:F1} s in vain for: {what}");
            await Task.Delay(Interval);
        }
    }
}
