namespace Cluster.Dataplane.Tests.Model;

/// <summary>Whom the clients of one address have to meet where their service keeps them at the backend they had.</summary>
/// <param name="remembersAll">The path remembers for each backend which clients it had: one that comes back may have them back.</param>
internal sealed class ModelAffinity(bool remembersAll)
{
    private readonly HashSet<string> _had = [];
    private ModelService? _service;
    private string? _target;

    /// <summary>The process is another: whether it knows of its predecessor's clients is its path's affair.</summary>
    public void Forget() => _target = null;

    /// <summary>What is wrong with whom a new client met, or null. Asked after each change of the table.</summary>
    public string? Wrong(string who, string? met, ModelService? service)
    {
        if (service != _service || _target is null || service?.Expected.Contains(_target) != true) _target = null;
        _service = service;
        if (met is null || service is not { IsAffine: true }) return null;
        var before = _target;
        _target = met;
        var isRight = before is null || before == met || (remembersAll && _had.Contains(met));
        _had.Add(met);
        return isRight ? null : $"{who} met {met}, and belongs to {before} of {service}";
    }
}
