"""What the api needs of its surroundings, given by Airflow."""
