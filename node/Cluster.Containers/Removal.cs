namespace Cluster.Containers;

/// <summary>Takes each step of a removal whatever became of the others, and tells at the end what is left.</summary>
internal sealed class Removal
{
    private readonly List<RuntimeException> failures = [];

    public async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (RuntimeException exception)
        {
            failures.Add(exception);
        }
    }

    /// <exception cref="RuntimeException">A step failed; an engine that is away is told as such.</exception>
    public void ThrowIfFailed(string what)
    {
        if (failures.Count == 0) return;
        var away = failures.Find(failure => failure.Failure == RuntimeFailure.Unavailable);
        throw new RuntimeException(
            (away ?? failures[0]).Failure, $"cannot remove all of {what}: {string.Join("; ", failures.Select(failure => failure.Message))}", away ?? failures[0]);
    }
}
