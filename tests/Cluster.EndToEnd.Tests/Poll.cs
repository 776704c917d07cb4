using System.Diagnostics;

namespace Cluster.EndToEnd.Tests;

/// <summary>Waits for the real world, bounded.</summary>
internal static class Poll
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns once the condition holds; fails the test with its last words when it does not in time.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, int seconds = 60)
    {
        long begin = Stopwatch.GetTimestamp();
        Exception? last = null;
        while (Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds)
        {
            try
            {
                if (await condition()) return;
                last = null;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                last = failure;
            }

            await Task.Delay(Period, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"not within {seconds} s: {what}{(last is null ? "" : "; last: " + last.Message)}");
    }

    public static async Task<string> UntilEqualAsync(string what, string expected, Func<Task<string>> actual, int seconds = 60)
    {
        string seen = "";
        await UntilAsync(
            $"{what} is {expected}",
            async () => (seen = await actual()) == expected ? true : throw new InvalidOperationException($"{what} is {seen}"),
            seconds);
        return seen;
    }
}
