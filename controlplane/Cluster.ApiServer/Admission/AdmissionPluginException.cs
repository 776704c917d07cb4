namespace Cluster.ApiServer.Admission;

/// <summary>The admission plug-ins asked for cannot be had. The message is one line that says which, and why.</summary>
public sealed class AdmissionPluginException : Exception
{
    public AdmissionPluginException(string message)
        : base(message)
    {
    }

    public AdmissionPluginException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
