namespace Cluster.Dataplane.Linux;

/// <summary>What a constructor has opened so far: closed again where it does not come to its end, for nobody else could.</summary>
/// <remarks>Where descriptors are short it is tried again every moment; whatever each try left open would keep the others from ever succeeding.</remarks>
internal sealed class Opening : IDisposable
{
    private readonly Stack<IDisposable> _opened = new();

    public T Add<T>(T opened)
        where T : IDisposable
    {
        _opened.Push(opened);
        return opened;
    }

    /// <summary>All of it is there: whoever has it closes it.</summary>
    public void Keep() => _opened.Clear();

    /// <summary>Closes what is not kept, the last first.</summary>
    public void Dispose()
    {
        while (_opened.TryPop(out var opened)) opened.Dispose();
    }
}
