namespace Cluster.Controllers.Replication;

/// <summary>Makes many calls, in batches of 1, 2, 4 and so on while none fails: a wish the server refuses costs one call, not five hundred.</summary>
internal static class SlowStart
{
    /// <summary>How many calls succeeded, how many were made, and the first failure.</summary>
    internal readonly record struct Result(int Succeeded, int Tried, Exception? Failure);

    public static async Task<Result> RunAsync(int count, Func<Task> call)
    {
        var succeeded = 0;
        var tried = 0;
        for (var batch = Math.Min(1, count); batch > 0; batch = Math.Min(batch * 2, count - tried))
        {
            var results = await Task.WhenAll(Enumerable.Range(0, batch).Select(_ => TryAsync(call)));
            tried += batch;
            succeeded += results.Count(failure => failure is null);
            if (results.FirstOrDefault(failure => failure is not null) is { } failure)
            {
                return new(succeeded, tried, failure);
            }
        }

        return new(succeeded, tried, null);
    }

    private static async Task<Exception?> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (Exception e)
        {
            // Handed to the caller, who stops and tries again later, whatever it is.
            return e;
        }
    }
}
