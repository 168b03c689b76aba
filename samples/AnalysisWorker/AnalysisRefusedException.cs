namespace Nexus.Samples.AnalysisWorker;

/// <summary>An analysis that cannot be made, however often it is tried.</summary>
internal sealed class AnalysisRefusedException(string message) : Exception(message);
