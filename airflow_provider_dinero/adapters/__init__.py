"""What the api needs from its environment, provided by Airflow."""
