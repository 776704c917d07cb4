using Cluster.Containers;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Completes list rows with details, inspecting a container only when its state differs from the last look. One per pod.</summary>
internal sealed class PodInspector(IContainerRuntime runtime)
{
    private Dictionary<string, SeenContainer> known = [];

    public async Task<PodObservation> CompleteAsync(IReadOnlyList<ObservedContainer> rows, CancellationToken cancellationToken)
    {
        var seen = await Task.WhenAll(rows.Select(row => CompleteAsync(row, cancellationToken)));
        known = seen.OfType<SeenContainer>().ToDictionary(container => container.Id);
        return new PodObservation(known.Values);
    }

    private async Task<SeenContainer?> CompleteAsync(ObservedContainer row, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(row.Id, out var before) && before.Row.State == row.State) return before with { Row = row };
        try
        {
            var details = await runtime.InspectAsync(row.Id, cancellationToken);

            // The inspection is younger than the list: what it says holds.
            return new SeenContainer(row with { State = details.State }, details);
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.NotFound)
        {
            return null;
        }
    }
}
